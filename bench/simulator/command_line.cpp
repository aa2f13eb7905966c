// Options are few and flat: a loop over words reads them. What is a knob of behaviour goes through
// the same table as the control door.
#include "bench/simulator/command_line.hpp"

#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

namespace simulator {
namespace {

// What was expected; the loop over words adds the option and its value.
[[noreturn]] void expect(std::string_view what) {
  throw std::invalid_argument(std::string(what));
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    expect("a whole number");
  return value;
}

double fraction(const std::string& text) {
  try {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used == text.size())
      return value;
  } catch (const std::logic_error&) {
    expect("a number");
  }
  expect("a number");
}

void set_listen(server_settings& settings, std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    expect("ADDRESS:PORT");
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  const auto port = number(text.substr(colon + 1));
  if (port < 0 || port > 65535)
    expect("a port from 0 to 65535");
  settings.address = address;
  settings.port = static_cast<std::uint16_t>(port);
}

void set_knob(behaviour& how, std::string_view option, const boost::json::value& value) {
  std::string name(option.substr(2));
  for (char& c : name)
    c = c == '-' ? '_' : c;
  const auto wrong = set_option(how, name, value);
  if (!wrong.empty())
    expect(wrong);
}

// flash=2500,pro=500
void set_concurrency(behaviour& how, std::string_view text) {
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    if (equals == std::string_view::npos || (name != "flash" && name != "pro"))
      expect("flash=N,pro=N");
    const auto value = number(pair.substr(equals + 1));
    set_knob(how, fmt::format("--{}-concurrency", name), value);
  }
}

void set_fault(behaviour& how, std::string_view text) {
  const auto at = text.rfind('@');
  auto faults = fault_list::parse(text.substr(0, at));
  if (at == std::string_view::npos || !faults)
    expect("NAME[:FIGURE]@PROBABILITY");
  how.faults.push_back({fraction(std::string(text.substr(at + 1))), std::move(*faults)});
}

bool set_flag(command_line& out, std::string_view option) {
  if (option == "--help" || option == "-h")
    out.help = true;
  else if (option == "--any-key")
    out.server.any_key = true;
  else if (option == "--greedy")
    out.server.how.greedy = true;
  else
    return false;
  return true;
}

void set_valued(command_line& out, std::string_view option, const std::string& value) {
  behaviour& how = out.server.how;
  if (option == "--listen") {
    set_listen(out.server, value);
  } else if (option == "--port-file") {
    out.port_file = value;
  } else if (option == "--key") {
    out.server.key = value;
  } else if (option == "--tls-cert") {
    out.server.tls_certificate_file = value;
  } else if (option == "--tls-key") {
    out.server.tls_key_file = value;
  } else if (option == "--threads") {
    out.server.threads = static_cast<unsigned>(std::clamp<std::int64_t>(number(value), 1, 256));
  } else if (option == "--clock") {
    out.clock = parse_instant(value);
    if (!out.clock)
      expect("an instant such as 2026-11-16T00:59:59Z");
  } else if (option == "--clock-speed") {
    out.clock_speed = fraction(value);
  } else if (option == "--concurrency-limit") {
    set_concurrency(how, value);
  } else if (option == "--fault") {
    set_fault(how, value);
  } else if (option == "--prices" || option == "--tokens" || option == "--bill-instant" ||
             option == "--legacy-model") {
    set_knob(how, option, boost::json::string(value));
  } else if (option == "--cached-fraction") {
    set_knob(how, option, fraction(value));
  } else {
    set_knob(how, option, number(value));
  }
}

} // namespace

const std::string_view usage_text =
    R"(deepseek-simulator: a stand-in for the DeepSeek API with its own bill

  --listen ADDRESS:PORT     127.0.0.1:9090; port 0 takes any
  --port-file FILE          where to write the port
  --key KEY                 the only key accepted (sk-simulator); --any-key accepts all
  --threads N               1
  --tls-cert F --tls-key F  serve HTTPS
  --seed N                  of everything left to chance
  --clock INSTANT           pretend it is 2026-11-16T00:59:59Z; --clock-speed 0 stands still
  --prices table|flat       today's and past prices by date and hour, or 0.15/0.60
  --tokens quarter|bytes    one token each four bytes of prompt, or each byte
  --greedy                  write every token that max_tokens allows
  --ttft-ms N               wait before the first token; --token-delay-ms N between tokens
  --keepalive-ms N          12000
  --concurrency-limit flash=2500,pro=500
  --bill-instant start|end|random
  --cached-fraction F       of the prompt
  --fault FAULT@PROBABILITY e.g. reset_after:100@0.01; may be repeated
  --output-tokens, --chunk-tokens, --idle-close-ms, --requests-per-connection, --part-tokens,
  --legacy-model            see bench/simulator/behaviour.hpp

Tests steer it below /__sim/ (bill, requests, config, reset, gate, release) and by x-sim-* headers.
)";

command_line read_command_line(const std::vector<std::string>& words) {
  command_line out;
  out.server.port = 9090;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (set_flag(out, words[i]))
      continue;
    if (!words[i].starts_with("--") || i + 1 == words.size())
      throw std::invalid_argument(words[i] + ": unknown option, or its value is missing");
    const std::size_t option = i++;
    try {
      set_valued(out, words[option], words[i]);
    } catch (const std::logic_error& error) {
      throw std::invalid_argument(fmt::format("{} {}: {}", words[option], words[i], error.what()));
    }
  }
  if (out.server.tls_certificate_file.empty() != out.server.tls_key_file.empty())
    throw std::invalid_argument("--tls-cert and --tls-key go together");
  return out;
}

} // namespace simulator
