// Drawing: a grid, an axis of round figures, and a line or bars. Sizes in user units; the picture
// scales with its place.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "proxy/charts/charts.hpp"

namespace proxy::charts {
namespace {

constexpr double width = 640, height = 240;
constexpr double left = 64, right = 16, top = 40, bottom = 32;
constexpr double inner_width = width - left - right, inner_height = height - top - bottom;

// The least of 1, 2, 2.5, 5 and 10 times a power of ten that four steps of reach `most`.
double step_for(double most) {
  const double raw = most / 4;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= raw * 0.999999)
      return factor * power;
  return 10 * power;
}

class drawing {
 public:
  explicit drawing(const chart& what) : what_(what) {
    double most = 0;
    for (const point& each : what.points)
      most = std::max(most, each.value);
    step_ = most > 0 ? step_for(most) : what.of == unit::percent ? 0.025 : 1;
    if (what.of == unit::count)
      step_ = std::max(step_, 1.0);
  }

  std::string whole() {
    open();
    grid();
    if (what_.points.empty())
      out_ += fmt::format("<text class=\"t\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">no "
                          "traffic</text>",
                          left + inner_width / 2, top + inner_height / 2);
    else if (what_.how == shape::bar)
      bars();
    else
      line();
    labels();
    return out_ + "</svg>";
  }

 private:
  void open() {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" role=\"img\" style=\"max-width:100%;height:auto\">"
        "<title>{2}</title><style>.t{{font:12px system-ui,sans-serif;fill:#6b7280}}"
        ".h{{font:600 14px system-ui,sans-serif;fill:#374151}}.g{{stroke:#9ca3af;"
        "stroke-opacity:.35}}@media(prefers-color-scheme:dark){{.h{{fill:#e5e7eb}}"
        ".t{{fill:#9ca3af}}}}</style><text class=\"h\" x=\"{3}\" y=\"22\">{2}</text>",
        width, height, escaped(what_.title), left);
  }

  double x_of(std::size_t index) const {
    const auto count = static_cast<double>(what_.points.size());
    return left + inner_width * (static_cast<double>(index) + 0.5) / count;
  }
  double y_of(double value) const { return top + inner_height * (1 - value / (4 * step_)); }

  void grid() {
    for (int i = 0; i <= 4; ++i) {
      const double y = y_of(i * step_);
      out_ += fmt::format("<line class=\"g\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
                          "<text class=\"t\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}"
                          "</text>",
                          left, width - right, y, left - 8, y + 4, text_of(i * step_, what_.of));
    }
  }

  std::string hint(const point& of) const {
    return "<title>" + escaped(of.label) + ": " + text_of(of.value, what_.of) + "</title>";
  }

  void bars() {
    const double each = inner_width / static_cast<double>(what_.points.size());
    const double thick = std::max(1.0, std::min(48.0, each * 0.7));
    for (std::size_t i = 0; i < what_.points.size(); ++i) {
      const double y = y_of(what_.points[i].value);
      out_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                          "rx=\"2\" fill=\"{}\">{}</rect>",
                          x_of(i) - thick / 2, y, thick, top + inner_height - y, what_.colour,
                          hint(what_.points[i]));
    }
  }

  void line() {
    out_ += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" "
                        "stroke-linejoin=\"round\" points=\"",
                        what_.colour);
    for (std::size_t i = 0; i < what_.points.size(); ++i)
      out_ += fmt::format("{:.1f},{:.1f} ", x_of(i), y_of(what_.points[i].value));
    out_ += "\"/>";
    if (what_.points.size() > 100)
      return; // dots would be a band
    for (std::size_t i = 0; i < what_.points.size(); ++i)
      out_ +=
          fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\">{}</circle>",
                      x_of(i), y_of(what_.points[i].value), what_.colour, hint(what_.points[i]));
  }

  // As many as fit, the last one always.
  void labels() {
    const std::size_t every = std::max<std::size_t>(1, (what_.points.size() + 9) / 10);
    for (std::size_t i = 0; i < what_.points.size(); ++i)
      if ((what_.points.size() - 1 - i) % every == 0)
        out_ += fmt::format("<text class=\"t\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}"
                            "</text>",
                            x_of(i), height - 10, escaped(what_.points[i].label));
  }

  const chart& what_;
  double step_ = 1;
  std::string out_;
};

} // namespace

std::string svg_of(const chart& what) {
  return drawing{what}.whole();
}

} // namespace proxy::charts
