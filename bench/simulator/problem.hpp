// Errors in upstream's words and shapes. Knows texts and statuses; knows not when they are due.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace simulator {

struct problem {
  int status = 500;
  std::string body;
  std::string type = "application/json";
};

problem bad_request(std::string_view message);   // 400
problem unprocessable(std::string_view message); // 422: types and missing fields
problem not_found();
problem no_key();                                                   // 401, plain text
problem wrong_key(std::string_view key, std::string_view trace_id); // 401, with the key's tail
problem too_many(std::int64_t current, std::int64_t limit);
problem too_large();
// The usual error of that status, for faults.
problem of_status(int status);
problem as_plain_text(int status);

} // namespace simulator
