// openapi.json and the router's table say the same calls and parameters.
#include <set>

#include "proxy/admin/dashboard.hpp"
#include "proxy/admin/router.hpp"
#include "tests/support/catch.hpp"

namespace json = boost::json;
using namespace proxy::admin;

namespace {

json::object document() {
  for (const web_file& file : web_files())
    if (file.name == "openapi.json")
      return json::parse(file.content).as_object();
  FAIL("openapi.json is not in the binary");
  return {};
}

std::string lower(std::string text) {
  for (char& c : text)
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

std::set<std::string> described() {
  std::set<std::string> out;
  const json::object whole = document();
  for (const auto& [path, methods] : whole.at("paths").as_object())
    for (const auto& [method, operation] : methods.as_object()) {
      std::set<std::string> names;
      if (const json::value* parameters = operation.as_object().if_contains("parameters"))
        for (const json::value& each : parameters->as_array())
          if (const json::value* in = each.as_object().if_contains("in");
              in && std::string_view(in->as_string()) == "query")
            names.emplace(each.at("name").as_string());
      std::string line = std::string(method) + " " + std::string(path);
      for (const std::string& name : names)
        line += " " + name;
      out.insert(line);
    }
  return out;
}

std::set<std::string> routed() {
  std::set<std::string> out;
  for (const route& each : all_routes()) {
    std::set<std::string> names;
    std::istringstream words{std::string(each.parameters)};
    for (std::string word; words >> word;)
      names.insert(word);
    std::string line = lower(std::string(boost::beast::http::to_string(each.method))) + " " +
                       std::string(each.pattern);
    for (const std::string& name : names)
      line += " " + name;
    out.insert(line);
  }
  return out;
}

} // namespace

TEST_CASE("openapi: every call of the router is described with its parameters, and no other") {
  const auto said = described();
  const auto known = routed();
  CHECK(said.size() == all_routes().size());
  for (const std::string& call : known) {
    INFO("not described: " << call);
    CHECK(said.contains(call));
  }
  for (const std::string& call : said) {
    INFO("described in vain: " << call);
    CHECK(known.contains(call));
  }
}
