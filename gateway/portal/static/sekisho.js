/* Comfort only: every page works without it. */
"use strict";
(function () {
  var copy = document.querySelector("[data-copy]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", function () {
      var status = document.getElementById("copied");
      status.textContent = "";
      navigator.clipboard.writeText(copy.getAttribute("data-copy")).then(function () {
        status.textContent = copy.getAttribute("data-copied");
      });
    });
  }
  /* A second press would send a code twice: it is used by then, and the message would be the wrong one. */
  document.addEventListener("submit", function (event) {
    if (document.documentElement.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    document.documentElement.setAttribute("data-sent", "");
  });
  /* Coming back by the browser's button shows the page as it was left. */
  window.addEventListener("pageshow", function () {
    document.documentElement.removeAttribute("data-sent");
  });
})();
