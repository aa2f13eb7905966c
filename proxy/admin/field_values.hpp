// Single values of a key's JSON, checked: each reader writes what it was given or says why not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "policies/keys/key_record.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// A value with the name that messages tell it by ("rate_limits.requests_per_minute").
struct named_value {
  std::string_view name;
  const boost::json::value& value;
};

// "name: VALUE expected", as a 400 that names the field.
problem unfit(const named_value& given, std::string_view expected);

struct length_range {
  std::size_t least = 0;
  std::size_t most = 0; // characters
};
answer<std::string> printable_text(const named_value& given, length_range length);
answer<std::int64_t> count_up_to(const named_value& given, std::int64_t most);
// Dollars, to the nano-dollar exactly.
answer<policies::nano_usd> money(const named_value& given);
answer<policies::instant> moment(const named_value& given);

answer<policies::access::permission_set> permissions(const named_value& given);
answer<std::vector<std::string>> model_names(const named_value& given);
answer<std::vector<policies::access::ip_network>> networks(const named_value& given);
answer<std::vector<policies::access::referrer_pattern>> referrers(const named_value& given);
answer<std::vector<std::string>> certificates(const named_value& given);
answer<std::string> object_text(const named_value& given); // metadata
// {"name that clients send": "model that is asked of the upstream"}
answer<std::vector<policies::keys::model_alias>> aliases(const named_value& given);
answer<bool> truth(const named_value& given);

} // namespace proxy::admin
