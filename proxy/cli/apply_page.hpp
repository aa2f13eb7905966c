// A plan for people, before anything is done.
#pragma once

#include "proxy/cli/apply_plan.hpp"

namespace proxy::cli {

// Each key that is created, changed field by field, or deactivated; then how many of each.
void print_plan(const apply_plan& plan, const console& io);

// "1 to create, 2 to change, 14 unchanged"
std::string summary(const apply_plan& plan);

} // namespace proxy::cli
