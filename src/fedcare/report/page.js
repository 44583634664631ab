// Draws every figure in the colours of the page, and again when the reader changes them or prints.
(function () {
  "use strict";
  const figures = Array.from(document.querySelectorAll(".canvas"), function (place) {
    const data = document.getElementById(place.id.replace("plot-", "data-"));
    return { place: place, drawing: data.textContent };
  });

  function coloured(drawing) {
    const style = getComputedStyle(document.documentElement);
    // The first character of the pattern is the quote that opens a JSON string: only whole values are colours.
    return JSON.parse(drawing.replace(/"var\((--[a-z0-9-]+)\)"/g, function (_, name) {
      return JSON.stringify(style.getPropertyValue(name).trim());
    }));
  }

  function draw() {
    figures.forEach(function (figure) {
      const drawing = coloured(figure.drawing);
      drawing.layout.autosize = true;
      window.Plotly.react(figure.place, drawing.data, drawing.layout, {
        displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, typesetMath: false
      });
    });
  }

  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.matchMedia("print").addEventListener("change", draw);
})();
