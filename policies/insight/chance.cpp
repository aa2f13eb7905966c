// The binomial tail by the incomplete beta function: P(X >= k) = I_p(k, n - k + 1).
#include "policies/insight/chance.hpp"

#include <cmath>

namespace policies::insight {
namespace {

constexpr double tiny = 1e-300;

double away_from_zero(double value) {
  return std::fabs(value) < tiny ? tiny : value;
}

// Numerical Recipes, 6.4: converges quickly for x < (a + 1) / (a + b + 2).
double continued_fraction(double a, double b, double x) {
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m <= 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-12)
      break;
  }
  return h;
}

} // namespace

double incomplete_beta(double a, double b, double x) {
  if (x <= 0)
    return 0;
  if (x >= 1)
    return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2))
    return front * continued_fraction(a, b, x) / a;
  return 1 - front * continued_fraction(b, a, 1 - x) / b;
}

double at_least(double k, double n, double p) {
  if (k <= 0)
    return 1;
  if (k > n)
    return 0;
  return incomplete_beta(k, n - k + 1, p);
}

} // namespace policies::insight
