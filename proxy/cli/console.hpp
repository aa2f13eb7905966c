// What a command is given of the world: streams, the environment, whether somebody is watching; and
// how it says that something went wrong.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

namespace proxy::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1; // refused, or not reachable
inline constexpr int exit_usage = 2;

struct console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  bool colours = false; // `out` is a terminal that wants them
  bool can_ask = false; // `in` is a terminal
  // For what goes on until it is interrupted; false: it was.
  std::function<bool(std::chrono::milliseconds how_long)> wait{};
  // Goes on as deepseek-proxy with these words; returns, with an exit code, where that failed.
  std::function<int(const std::vector<std::string>& words)> become{};
};

// Why a command did not do what it was asked to.
struct complaint {
  int exit_code = exit_failed;
  std::string message;
};
[[noreturn]] void throw_exception_from_error(const complaint& why, const boost::source_location&);

template <class T>
using result = boost::system::result<T, complaint>;

} // namespace proxy::cli
