// The web page: files that the build put into the binary, and what a browser may do with them.
#include "proxy/admin/dashboard.hpp"

#include <algorithm>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"

namespace proxy::admin {

answer<reply> page(const admin_context&, const request& call) {
  const std::string_view name = call.path == "/"
                                    ? "index.html"
                                    : std::string_view{call.path}.substr(call.path.rfind('/') + 1);
  const auto files = web_files();
  const auto found = std::ranges::find(files, name, &web_file::name);
  if (found == files.end())
    return problem{
        .status = 404, .message = "no such page: " + shown(call.path), .code = "not_found"};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> types{
      {{".html", "text/html; charset=utf-8"},
       {".css", "text/css; charset=utf-8"},
       {".js", "text/javascript; charset=utf-8"},
       {".json", "application/json"},
       {".svg", "image/svg+xml"}}};
  reply out;
  out.body = found->content;
  for (const auto& [ending, type] : types)
    if (name.ends_with(ending))
      out.type = type;
  return out;
}

} // namespace proxy::admin
