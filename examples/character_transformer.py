"""A causal transformer of two layers learns a rhyme character by character, and then writes it."""

import graphnn as torch
from graphnn import nn, optim

TEXT = "rain on the roof, rain on the sea, rain on the road that leads you to me. " * 4
LENGTH, WIDTH = 32, 32
letters = sorted(set(TEXT))
codes = torch.tensor([letters.index(letter) for letter in TEXT])
MASK = torch.triu(torch.full((LENGTH, LENGTH), float("-inf")), diagonal=1)


class Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.letter = nn.Embedding(len(letters), WIDTH)
        self.place = nn.Parameter(0.1 * torch.randn(LENGTH, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.to_letters = nn.Linear(WIDTH, len(letters))

    def forward(self, x):
        return self.to_letters(self.layers(self.letter(x) + self.place, mask=MASK))


torch.manual_seed(0)
net = Writer()
optimizer = optim.Adam(net.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
starts = range(0, len(TEXT) - LENGTH - 1, 3)
x = torch.stack([codes[i : i + LENGTH] for i in starts])
y = torch.stack([codes[i + 1 : i + LENGTH + 1] for i in starts])


@torch.compile
def step(x, y):
    optimizer.zero_grad()
    loss = criterion(net(x).flatten(0, 1), y.flatten())
    loss.backward()
    optimizer.step()
    return loss


losses = [step(x, y).item() for _ in range(200)]
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")

net.eval()
written = codes[:LENGTH].tolist()
with torch.no_grad():
    for _ in range(60):
        scores = net(torch.tensor([written[-LENGTH:]]))
        written.append(scores[0, -1].argmax().item())
print(f"it writes: {''.join(letters[code] for code in written)}")
