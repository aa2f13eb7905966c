// The command line `deepseek`: words in, an exit code out.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/console.hpp"

namespace proxy::cli {

// `words` without the program's name. Results go to io.out, complaints to io.err.
int run(std::vector<std::string> words, const console& io);

} // namespace proxy::cli
