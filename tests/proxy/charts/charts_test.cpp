// Charts say what they were given, at the place that the figures have, and nothing is taken as
// markup.
#include "proxy/charts/charts.hpp"

#include "tests/support/catch.hpp"

namespace charts = proxy::charts;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

charts::chart bars(std::vector<charts::point> points) {
  return {"Daily cost", charts::shape::bar, charts::unit::dollars, "#0d9488", std::move(points)};
}

} // namespace

TEST_CASE("charts: each point is drawn once, with its value to be read") {
  const std::string svg = charts::svg_of(bars({{"11-27", 1.5}, {"11-28", 3}}));
  CHECK(count_of(svg, "<rect ") == 2);
  CHECK(svg.find("11-27: $1.50") != svg.npos);
  CHECK(svg.find("11-28: $3.00") != svg.npos);
  CHECK(svg.find("$4.00") != svg.npos); // the axis ends at a round figure above
}

TEST_CASE("charts: a bar twice as high stands for twice as much") {
  const std::string svg = charts::svg_of(bars({{"a", 2}, {"b", 4}}));
  CHECK(svg.find("height=\"84.0\"") != svg.npos); // axis to 4: half of 168
  CHECK(svg.find("height=\"168.0\"") != svg.npos);
}

TEST_CASE("charts: nothing to show is said, and all zeros are a line at the bottom") {
  CHECK(charts::svg_of(bars({})).find("no traffic") != std::string::npos);
  charts::chart line{
      "Errors", charts::shape::line, charts::unit::percent, "#dc2626", {{"a", 0}, {"b", 0}}};
  CHECK(charts::svg_of(line).find("nan") == std::string::npos);
  CHECK(count_of(charts::svg_of(line), ",208.0 ") == 2);
}

TEST_CASE("charts: names are text, not markup") {
  charts::page page{"<script>alert(1)</script>", "a & b", {}};
  page.sections.push_back({"\"k\"", {{"Requests", "1"}}, {bars({{"<b>", 1}})}, {}});
  const std::string html = charts::html_of(page);
  CHECK(html.find("<script>") == html.npos);
  CHECK(html.find("<b>: ") == html.npos);
  CHECK(html.find("&lt;script&gt;") != html.npos);
  CHECK(html.find("a &amp; b") != html.npos);
}

TEST_CASE("charts: a page loads nothing from elsewhere") {
  charts::page page{"Report", "", {}};
  const std::vector<charts::period_sums> days{{"11-28", 10, 1000, 5'000'000, 1}};
  const auto four = charts::guide_charts(days, "Daily");
  page.sections.push_back({"All keys", {}, {four.begin(), four.end()}, {}});
  const std::string html = charts::html_of(page);
  CHECK(count_of(html, "<svg ") == 4);
  CHECK(count_of(html, "http") == 4); // SVG's namespace, which nobody loads
  CHECK(html.find("src=") == html.npos);
  CHECK(html.find("11-28: 10.0 %") != html.npos);
  CHECK(html.find("11-28: $0.005000") != html.npos);
}

TEST_CASE("charts: figures as people read them") {
  CHECK(charts::text_of(1234, charts::unit::count) == "1,234");
  CHECK(charts::text_of(2'500'000, charts::unit::count) == "2.50M");
  CHECK(charts::text_of(0.1, charts::unit::percent) == "10.0 %");
  CHECK(charts::text_of(12345, charts::unit::dollars) == "$12,345");
}
