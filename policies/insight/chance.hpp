// How likely counts are by chance alone. No rule and no key is known here.
#pragma once

namespace policies::insight {

// What a rule lets pass for chance: at so many looks a week (keys x hours x rules) less than one in
// many weeks.
inline constexpr double chance_max = 1e-7;

// P(X >= k) of X ~ Binomial(n, p); k and n need not be whole (counts divided by a dispersion).
double at_least(double k, double n, double p);

// The regularized incomplete beta function I_x(a, b), by Lentz's continued fraction.
double incomplete_beta(double a, double b, double x);

} // namespace policies::insight
