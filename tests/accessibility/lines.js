/* How text falls into lines: letters alone on a line, and words, numbers and dates torn apart. One sentence for each. */
() => {
  const found = [];
  const wholes = /(?<![\w.\/@-])[A-Za-z]{3,16}(?![\w.\/@-])|\d{4}-\d\d-\d\d|UTF-8|Shift_JIS|[A-Z]\d{6,}|[A-Z0-9]{5}-[A-Z0-9]{5}|\d[\d,:.]*\d|株式会社|有限会社|合同会社/g;
  const marks = /[\s、。，．・（）「」『』：:；.,!?！？＊→]/g;
  const flows = e => /^(inline|contents)$/.test(getComputedStyle(e).display);
  const blocks = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && !flows(e)
    && !e.closest("svg, select, .unseen, .skip, .secret, code"));
  for (const block of blocks) {
    if (block.clientHeight < 1.6 * parseFloat(getComputedStyle(block).lineHeight)) continue;  // one line
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT), range = document.createRange();
    const lines = [], breaks = [];
    let text = "", height = null;
    while (walker.nextNode()) {
      const node = walker.currentNode;
      let parent = node.parentElement;
      while (parent !== block && flows(parent)) parent = parent.parentElement;
      if (parent !== block || !node.parentElement.checkVisibility()) continue;
      for (let at = 0; at < node.length; at++) {
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const box = [...range.getClientRects()].pop();
        const middle = box && box.width ? box.top + box.height / 2 : height;
        if (height === null || Math.abs(middle - height) > 9) {
          if (lines.length) breaks.push(text.length);
          lines.push("");
        }
        height = middle;
        lines[lines.length - 1] += node.data[at];
        text += node.data[at];
      }
    }
    if (lines.length < 2) continue;
    const brief = text.replace(/\s+/g, " ").trim().slice(0, 60);
    for (const line of lines) {
      const letters = line.replace(marks, "");
      if (letters.length === 1 && !/\d/.test(letters)) found.push(`alone on a line: ${letters} of ${brief}`);
    }
    for (const one of text.matchAll(wholes)) {
      if (breaks.some(at => at > one.index && at < one.index + one[0].length)) found.push(`torn apart: ${one[0]} of ${brief}`);
    }
  }
  return found;
}
