/* Functions that the C library lacks, of one float64, by the formulas of graphnn/ops/gamma.py and normal_tails.py. */
#ifndef GN_SPECIAL_H
#define GN_SPECIAL_H
#include <math.h>

#define GN_FUNCTION static __attribute__((unused, noinline)) double
#define GN_PI 3.14159265358979323846

static const double gn_bernoulli[8] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                       5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};

GN_FUNCTION gn_lgamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

GN_FUNCTION gn_digamma_right(double x)
{
    double found = 0;
    if (x != x) return x;
    for (; x < 10; x += 1) found -= 1 / x;
    found += log(x) - 0.5 / x;
    double power = 1;
    for (int k = 1; k <= 8; k++) {
        power *= x * x;
        found -= gn_bernoulli[k - 1] / (2 * k * power);
    }
    return found;
}

GN_FUNCTION gn_digamma(double x)
{
    if (x == 0) return copysign(INFINITY, -x);
    if (!(x < 0)) return gn_digamma_right(x);
    if (x == floor(x)) return NAN;
    return gn_digamma_right(1 - x) - GN_PI / tan(GN_PI * (x - rint(x)));
}

/* the sum of (q + k)^-s over k = 0, 1, ... */
GN_FUNCTION gn_zeta(int s, double q)
{
    if (q != q) return q;
    if (q == INFINITY) return 0;
    double total = 0;
    if (q == -INFINITY) q = 10;
    for (; q < 10; q += 1) total += pow(q, -s);
    double term = pow(q, -s), factorial = 1;
    total += term * (q / (s - 1) + 0.5);
    for (int k = 1; k <= 8; k++) {
        factorial *= (2 * k - 1) * (2 * k);
        term *= (s + 2 * k - 2) / q * (k > 1 ? (s + 2 * k - 3) / q : 1);
        total += gn_bernoulli[k - 1] / factorial * term;
    }
    return total;
}

/* the n-th derivative of digamma */
GN_FUNCTION gn_polygamma(int n, double x)
{
    if (n == 0) return gn_digamma(x);
    if (n == 1) {
        if (!(x < 0.5)) return gn_zeta(2, x);
        const double sine = GN_PI / sin(GN_PI * (x - rint(x)));
        return sine * sine - gn_zeta(2, 1 - x);
    }
    double factor = n % 2 ? 1 : -1;
    for (int k = 2; k <= n; k++) factor *= k;
    return factor * (x <= 0 && x == floor(x) ? INFINITY : gn_zeta(n + 1, x));
}

GN_FUNCTION gn_erfinv(double y)
{
    if (fabs(y) == 1) return copysign(INFINITY, y);
    if (!(fabs(y) < 1)) return NAN;
    const double a = 0.147, logarithm = log1p(-y * y), half = 2 / (GN_PI * a) + logarithm / 2;
    double x = copysign(sqrt(sqrt(half * half - logarithm / a) - half), y);
    for (int i = 0; i < 3; i++) {
        const double step = (erf(x) - y) * exp(x * x) * (sqrt(GN_PI) / 2);
        x -= step / (1 + x * step);
    }
    return x;
}

/* exp(x²) erfc(x): by a continued fraction where erfc is tiny */
GN_FUNCTION gn_erfcx(double x)
{
    if (x != x) return x;
    if (x < 4) return x < -27 ? INFINITY : exp(x * x) * erfc(x);
    double fraction = x;
    for (int k = 50; k > 0; k--) fraction = x + k / 2.0 / fraction;
    return 1 / (sqrt(GN_PI) * fraction);
}

/* the logarithm of the probability that a normal number is below x */
GN_FUNCTION gn_log_ndtr(double x)
{
    if (x < -1) return log(gn_erfcx(-x * sqrt(0.5)) / 2) - x * x / 2;
    return log1p(-erfc(x * sqrt(0.5)) / 2);
}
#endif
