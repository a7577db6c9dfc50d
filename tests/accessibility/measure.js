/* What axe-core does not ask for: returns sentences, one for each fault. */
language => {
  const faults = [];
  const shown = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
  const brief = e => e.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  const root = document.documentElement;

  if (root.lang !== language) faults.push(`lang is ${root.lang}`);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not exactly one h1");
  if (!document.title.includes(document.querySelector("h1")?.textContent.trim() ?? "?")) {
    faults.push(`the title does not hold the heading: ${document.title}`);
  }

  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const target = document.getElementById(link.hash.slice(1));
    if (!target) faults.push(`a link to nothing: ${brief(link)}`);
    else if (link.closest(".summary") && target.tabIndex < 0 && !target.hasAttribute("tabindex")) {
      faults.push(`an error that leads to what cannot take the focus: ${brief(link)}`);
    }
  }
  for (const e of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
    for (const id of `${e.getAttribute("aria-describedby") ?? ""} ${e.getAttribute("aria-labelledby") ?? ""}`.trim().split(/\s+/)) {
      if (!document.getElementById(id)) faults.push(`described by nothing: ${id} of ${brief(e)}`);
    }
  }

  if (root.scrollWidth > innerWidth) faults.push(`scrolls sideways: ${root.scrollWidth} px`);
  const scrolls = e => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  for (const e of document.querySelectorAll("body *")) {
    const box = e.getBoundingClientRect();
    if (box.width && shown(e) && box.right > innerWidth + 1 && !scrolls(e)) faults.push(`beyond the edge: ${brief(e)}`);
  }

  /* A link in a sentence is as high as its line. A box or a dial is as large as its label. */
  const inSentence = e => getComputedStyle(e).display === "inline" && [...e.parentElement.childNodes]
    .some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim().length > 1);
  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (!shown(e) || inSentence(e)) continue;
    const boxes = [e, ...(e.labels && /checkbox|radio|file/.test(e.type) ? e.labels : [])].map(one => one.getBoundingClientRect());
    const height = Math.max(...boxes.map(one => one.bottom)) - Math.min(...boxes.map(one => one.top));
    const width = Math.max(...boxes.map(one => one.right)) - Math.min(...boxes.map(one => one.left));
    if (height < 43.5) faults.push(`target only ${height.toFixed(1)} px high: ${brief(e)}`);
    if (width < 43.5 && !(e.matches("a") && height >= 43.5 && width >= 24)) faults.push(`target only ${width.toFixed(1)} px wide: ${brief(e)}`);
  }
  return faults;
}
