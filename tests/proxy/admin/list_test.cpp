// Listing keys: order, filters, pages.
#include "tests/proxy/admin/plane.hpp"

using namespace proxy::admin::test;
namespace json = boost::json;

namespace {

std::vector<std::string> names_of(const json::object& list) {
  std::vector<std::string> names;
  for (const json::value& each : list.at("data").as_array())
    names.push_back(text(each.as_object(), "name"));
  return names;
}

using names = std::vector<std::string>;

struct some_keys {
  plane p;
  std::vector<json::object> made;
  some_keys() {
    for (const auto& [name, type] : {std::pair{"a", "production"},
                                     {"b", "development"},
                                     {"c", "restricted"},
                                     {"d", "development"},
                                     {"e", "production"}}) {
      made.push_back(p.create(json::serialize(json::object{{"name", name}, {"type", type}})));
      p.pass(std::chrono::milliseconds{1});
    }
    p.call("POST", "/v1/keys/" + text(made[1], "id") + "/deactivate");
    p.call("DELETE", "/v1/keys/" + text(made[4], "id"));
  }
  json::object list(const std::string& query) { return p.call("GET", "/v1/keys" + query).json(); }
};

} // namespace

TEST_CASE("admin list: oldest first, without deleted ones") {
  some_keys k;
  const json::object all = k.list("");
  CHECK(text(all, "object") == "list");
  CHECK(names_of(all) == names{"a", "b", "c", "d"});
  CHECK(all.at("has_more") == false);
  CHECK(all.at("data").at(0) == k.p.call("GET", "/v1/keys/" + text(k.made[0], "id")).json());
}

TEST_CASE("admin list: filtered by status and type") {
  some_keys k;
  CHECK(names_of(k.list("?status=active")) == names{"a", "c", "d"});
  CHECK(names_of(k.list("?status=inactive")) == names{"b"});
  CHECK(names_of(k.list("?status=deleted")) == names{"e"});
  CHECK(names_of(k.list("?type=development")) == names{"b", "d"});
  CHECK(names_of(k.list("?type=development&status=active")) == names{"d"});
}

TEST_CASE("admin list: page after page gives every key once") {
  some_keys k;
  const json::object first = k.list("?limit=3");
  CHECK(names_of(first) == names{"a", "b", "c"});
  CHECK(first.at("has_more") == true);
  const json::object second = k.list("?limit=3&after=" + text(k.made[2], "id"));
  CHECK(names_of(second) == names{"d"});
  CHECK(second.at("has_more") == false);
  // The key that a page ended with may be gone by the time the next one is asked for.
  CHECK(names_of(k.list("?after=" + text(k.made[4], "id"))).empty());
  k.p.call("DELETE", "/v1/keys/" + text(k.made[2], "id"));
  CHECK(names_of(k.list("?after=" + text(k.made[2], "id"))) == names{"d"});
}

TEST_CASE("admin list: sorted by a field, one way or the other; of equals the elder first") {
  some_keys k;
  k.p.call("PATCH", "/v1/keys/" + text(k.made[0], "id"), R"({"name": "x"})");
  k.p.call("PATCH", "/v1/keys/" + text(k.made[2], "id"),
           R"({"expires_at": "2027-01-01T00:00:00Z"})");
  CHECK(names_of(k.list("?sort=created_at")) == names{"x", "b", "c", "d"});
  CHECK(names_of(k.list("?sort=-created_at")) == names{"d", "c", "b", "x"});
  CHECK(names_of(k.list("?sort=name")) == names{"b", "c", "d", "x"});
  CHECK(names_of(k.list("?sort=-name")) == names{"x", "d", "c", "b"});
  CHECK(names_of(k.list("?sort=type")) == names{"b", "d", "x", "c"});
  CHECK(names_of(k.list("?sort=-status")) == names{"b", "x", "c", "d"});
  CHECK(names_of(k.list("?sort=expires_at")) == names{"c", "x", "b", "d"});
}

TEST_CASE("admin list: pages in the order that was asked for give every key once") {
  some_keys k;
  for (const std::string sort : {"type", "-type", "-name", "-created_at", "last_used_at"}) {
    INFO(sort);
    names found;
    std::string after;
    for (bool more = true; more;) {
      const json::object page = k.list("?limit=1&sort=" + sort + after);
      for (const std::string& name : names_of(page))
        found.push_back(name);
      after = "&after=" + text(page.at("data").at(0).as_object(), "id");
      more = page.at("has_more").as_bool();
    }
    CHECK(found == names_of(k.list("?sort=" + sort)));
  }
}

TEST_CASE("admin list: a parameter that is wrong or unknown is refused by name") {
  some_keys k;
  for (const auto& [query, param] : {std::pair{"?limit=0", "limit"},
                                     {"?limit=1001", "limit"},
                                     {"?limit=ten", "limit"},
                                     {"?limit=1&limit=2", "limit"},
                                     {"?status=gone", "status"},
                                     {"?type=big", "type"},
                                     {"?after=key_000000000001", "after"},
                                     {"?after=x", "after"},
                                     {"?statos=active", "statos"}}) {
    const auto answer = k.p.call("GET", std::string("/v1/keys") + query);
    INFO(query << " -> " << answer.body);
    CHECK(answer.status == 400);
    CHECK(text(answer.error(), "param") == param);
  }
  CHECK(text(k.p.call("GET", "/v1/keys?statos=active").error(), "message").find("'status'") !=
        std::string::npos);
  CHECK(k.p.call("GET", "/v1/keys?status=%zz").status == 400);
  CHECK(names_of(k.list("?status=%61ctive")) == names{"a", "c", "d"});
}
