// Reading and writing it.
#include "proxy/stores/redis/roll_call.hpp"

#include <boost/json.hpp>

namespace proxy::stores::redis {

namespace json = boost::json;

namespace {

std::int64_t whole(const json::value& from) {
  return from.is_double()  ? static_cast<std::int64_t>(from.get_double())
         : from.is_int64() ? from.get_int64()
                           : 0;
}

std::map<std::string, std::int64_t> times_in(const json::value& from) {
  std::map<std::string, std::int64_t> all;
  if (const json::object* list = from.if_object())
    for (const auto& [name, ms] : *list)
      all[std::string(name)] = whole(ms);
  return all;
}

roll_call::process process_in(const json::object& from) {
  roll_call::process one;
  one.token = from.at("token").as_string();
  one.open = from.at("open").as_bool();
  for (const auto& [name, _] : from.at("told").as_object())
    one.told.insert(std::string(name));
  if (const json::value* missing = from.if_contains("missing"))
    one.missing = times_in(*missing);
  return one;
}

} // namespace

std::optional<roll_call> read_roll_call(std::string_view text) {
  boost::system::error_code error;
  const json::value read = json::parse(text, error);
  if (error || !read.is_object())
    return std::nullopt;
  const json::object& from = read.get_object();
  try {
    roll_call made;
    made.now_ms = whole(from.at("now"));
    made.own = from.at("own").as_string();
    made.nodes = times_in(from.at("nodes"));
    for (const auto& [replid, one] : from.at("shards").as_object())
      made.processes[std::string(replid)] = process_in(one.as_object());
    return made;
  } catch (const std::exception&) { // boost::json tells of what is missing by throwing
    return std::nullopt;
  }
}

std::optional<roll_call::process> read_process(std::string_view text) {
  boost::system::error_code error;
  const json::value read = json::parse(text, error);
  if (error || !read.is_object())
    return std::nullopt;
  try {
    return process_in(read.get_object());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::string write_saying(const std::map<std::string, std::int64_t>& known,
                         const std::map<std::string, said_of_process>& processes, bool leaving) {
  json::object nodes, shards;
  for (const auto& [name, ms] : known)
    nodes[name] = ms;
  for (const auto& [replid, said] : processes) {
    json::object one;
    if (!said.told.empty())
      one["told"] = said.told;
    if (!said.opened.empty())
      one["opened"] = said.opened;
    if (!said.lost.empty())
      one["lost"] = said.lost;
    shards[replid] = std::move(one);
  }
  return json::serialize(json::object{
      {"known", std::move(nodes)}, {"shards", std::move(shards)}, {"leaving", leaving}});
}

} // namespace proxy::stores::redis
