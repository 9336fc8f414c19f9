"""Tags the words of short sentences with an LSTM; each length of sentence gets a compiled step of its own."""

import graphnn as torch
from graphnn import nn, optim

TAGS = ("DET", "NOUN", "VERB", "ADV")
SENTENCES = [
    ("the baker kneads the dough", "DET NOUN VERB DET NOUN"),
    ("a gardener waters the roses daily", "DET NOUN VERB DET NOUN ADV"),
    ("the pilot lands softly", "DET NOUN VERB ADV"),
]
words = sorted({word for text, _ in SENTENCES for word in text.split()})
data = [
    (torch.tensor([words.index(w) for w in text.split()]), torch.tensor([TAGS.index(t) for t in tags.split()]))
    for text, tags in SENTENCES
]


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(words), 8)
        self.lstm = nn.LSTM(8, 16)
        self.to_tags = nn.Linear(16, len(TAGS))

    def forward(self, sentence):
        hidden, _ = self.lstm(self.embedding(sentence))
        return self.to_tags(hidden)


torch.manual_seed(0)
net = Tagger()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.2, momentum=0.9)


@torch.compile
def step(sentence, tags):
    optimizer.zero_grad()
    loss = criterion(net(sentence), tags)
    loss.backward()
    optimizer.step()
    return loss


for _ in range(60):
    losses = [step(sentence, tags).item() for sentence, tags in data]

right = total = 0
with torch.no_grad():
    for (text, _), (sentence, tags) in zip(SENTENCES, data, strict=True):
        found = net(sentence).argmax(1)
        right, total = right + (found == tags).sum().item(), total + len(tags)
        print(" ".join(f"{w}/{TAGS[t]}" for w, t in zip(text.split(), found.tolist(), strict=True)))
print(f"{right} of {total} words are tagged right, by {len(step.plans)} plans")
