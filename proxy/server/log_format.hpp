// The program's log as JSON, a line each, for those who collect logs.
#pragma once

namespace proxy::server {

// {"time":"…","level":"…","message":"…"} instead of text, from now on.
void log_as_json();

} // namespace proxy::server
