// Reading the answers' JSON without a step that can fail half-way: what is absent is empty.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace proxy::cli {

namespace json = boost::json;

const json::value& member(const json::value& of, std::string_view name); // null where absent
const json::value& member(const json::object& of, std::string_view name);
const json::value& member(json::value&&, std::string_view) = delete; // what it refers to would go
std::string text(const json::value& of, std::string_view name);          // empty where absent
std::int64_t integer(const json::value& of, std::string_view name);
double number(const json::value& of, std::string_view name);
const json::array& items(const json::value& of, std::string_view name);
const json::array& items(json::value&&, std::string_view) = delete;

// "a, b, c" of an array of texts.
std::string joined(const json::value& list);

} // namespace proxy::cli
