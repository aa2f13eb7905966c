// The HTML page: styles that mail programs know, tables for figures, charts in between.
#include <fmt/format.h>

#include "proxy/charts/charts.hpp"

namespace proxy::charts {
namespace {

constexpr std::string_view style = R"css(
:root{color-scheme:light dark}
body{margin:0;background:#f3f4f6;color:#111827;font:15px/1.5 system-ui,-apple-system,sans-serif}
main{max-width:720px;margin:0 auto;padding:24px 16px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 8px}
.sub{color:#6b7280;margin:0 0 16px}
.card{background:#fff;border-radius:10px;padding:12px 16px;margin:12px 0;overflow-x:auto}
.figures{display:flex;flex-wrap:wrap;gap:12px}
.figure{background:#fff;border-radius:10px;padding:10px 16px;flex:1 1 120px}
.figure b{display:block;font-size:20px;white-space:nowrap}
.figure span{color:#6b7280;font-size:13px}
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:4px 0}
th,td{padding:5px 8px;text-align:right;border-bottom:1px solid #9ca3af55}
th:first-child,td:first-child{text-align:left}th{color:#6b7280;font-weight:500}
@media(prefers-color-scheme:dark){body{background:#0b0f19;color:#e5e7eb}
.card,.figure{background:#161d2d}}
)css";

std::string table_of(const html_table& what) {
  std::string out =
      "<div class=\"card\"><table><caption>" + escaped(what.caption) + "</caption><thead><tr>";
  for (const std::string& head : what.heads)
    out += "<th scope=\"col\">" + escaped(head) + "</th>";
  out += "</tr></thead><tbody>";
  for (const auto& row : what.rows) {
    out += "<tr>";
    for (const std::string& cell : row)
      out += "<td>" + escaped(cell) + "</td>";
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string section_of(const section& what) {
  std::string out = "<section><h2>" + escaped(what.heading) + "</h2>\n<div class=\"figures\">";
  for (const auto& [name, value] : what.figures)
    out += "<div class=\"figure\"><b>" + escaped(value) + "</b><span>" + escaped(name) +
           "</span></div>";
  out += "</div>\n";
  for (const chart& each : what.charts)
    out += "<div class=\"card\">" + svg_of(each) + "</div>\n";
  for (const html_table& each : what.tables)
    out += table_of(each) + "\n";
  return out + "</section>\n";
}

} // namespace

std::string html_of(const page& what) {
  std::string out =
      fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width\"><title>{0}</title>"
                  "<style>{1}</style></head>\n<body><main><h1>{0}</h1><p class=\"sub\">{2}</p>\n",
                  escaped(what.title), style, escaped(what.subtitle));
  for (const section& each : what.sections)
    out += section_of(each);
  return out + "</main></body></html>\n";
}

} // namespace proxy::charts
