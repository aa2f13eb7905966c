// Names and figures of faults, read strictly: a typing error in a test must not pass as "no fault".
#include "bench/simulator/faults.hpp"

#include <array>
#include <charconv>

namespace simulator {
namespace {

enum class figures : std::uint8_t { none, one, two };

struct naming {
  std::string_view name;
  fault_kind kind;
  figures wants;
};

constexpr std::array namings = {
    naming{"delay", fault_kind::delay, figures::one},
    naming{"stall", fault_kind::stall, figures::none},
    naming{"stall_after", fault_kind::stall_after, figures::one},
    naming{"reset", fault_kind::reset, figures::none},
    naming{"reset_after", fault_kind::reset_after, figures::one},
    naming{"short_body", fault_kind::short_body, figures::none},
    naming{"missing_usage", fault_kind::missing_usage, figures::none},
    naming{"status", fault_kind::status, figures::one},
    naming{"drip", fault_kind::drip, figures::two},
    naming{"garbage", fault_kind::garbage, figures::none},
    naming{"garbage_json", fault_kind::garbage_json, figures::none},
    naming{"no_done", fault_kind::no_done, figures::none},
    naming{"chunk_lie", fault_kind::chunk_lie, figures::none},
    naming{"close_delimited", fault_kind::close_delimited, figures::none},
    naming{"plain_text_error", fault_kind::plain_text_error, figures::one},
    naming{"huge_event", fault_kind::huge_event, figures::one},
    naming{"failed", fault_kind::failed, figures::none},
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool read_figure(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= 0;
}

std::optional<fault> parse_one(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = trimmed(text.substr(0, colon));
  const auto rest = colon == std::string_view::npos ? "" : trimmed(text.substr(colon + 1));
  for (const auto& known : namings) {
    if (known.name != name)
      continue;
    fault found{.kind = known.kind};
    const auto slash = rest.find('/');
    bool ok = false;
    switch (known.wants) {
    case figures::none:
      ok = colon == std::string_view::npos;
      break;
    case figures::one:
      ok = read_figure(rest, found.amount);
      break;
    case figures::two:
      ok = slash != std::string_view::npos && read_figure(rest.substr(0, slash), found.amount) &&
           read_figure(rest.substr(slash + 1), found.every_ms) && found.amount > 0;
      break;
    }
    return ok ? std::optional{found} : std::nullopt;
  }
  return std::nullopt;
}

} // namespace

std::optional<fault_list> fault_list::parse(std::string_view text) {
  fault_list list;
  list.text_ = std::string(trimmed(text));
  while (!text.empty()) {
    const auto end = text.find(';');
    const auto piece = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (piece.empty())
      continue;
    const auto one = parse_one(piece);
    if (!one)
      return std::nullopt;
    list.faults_.push_back(*one);
  }
  return list;
}

const fault* fault_list::find(fault_kind kind) const {
  for (const auto& f : faults_)
    if (f.kind == kind)
      return &f;
  return nullptr;
}

fault_list draw(const std::vector<fault_share>& mix, dice& chance) {
  if (mix.empty())
    return {};
  double lot = chance.share();
  for (const auto& share : mix) {
    if (lot < share.probability)
      return share.faults;
    lot -= share.probability;
  }
  return {};
}

} // namespace simulator
