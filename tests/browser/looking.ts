/**
 * Runs in the page: the contrast of every text that is in sight with what lies behind it (WCAG 2.2, relative luminance and
 * contrast ratio), the lowest first. Colours here are opaque, so that whatever is behind is the nearest that has one.
 */
export const CONTRASTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const backgroundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) =>
    element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  return texts.map((element) => {
    const [text, behind] = [channels(getComputedStyle(element).color), backgroundOf(element)].map(luminance);
    const ratio = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    return { text: element.textContent.trim().slice(0, 40), ratio: Math.round(ratio * 100) / 100 };
  }).sort((one, other) => one.ratio - other.ratio);
})()`;

/** Of WCAG 2.2, level AA, for text of usual size. */
export const READABLE = 4.5;

/**
 * In the two lists the newest is on top: the others give way, within the list. A text at the right edge of a card begins elsewhere
 * when it is another one. Whatever else moves is summed up.
 */
export const WATCH_SHIFTS = `(() => {
  globalThis.shifts = { sum: 0, of: [] };
  const elementOf = (node) => (node instanceof Element ? node : node?.parentElement);
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const others = sources.map(({ node }) => elementOf(node)).filter((element) => !element?.closest('.scroller, .status, .left'));
      if (others.length === 0) continue;
      globalThis.shifts.sum += value;
      globalThis.shifts.of.push(...others.map((element) => value + ' ' + element?.outerHTML));
    }
  }).observe({ type: 'layout-shift' });
})()`;

/** Which element has the focus, whether that shows, and which one of the page's it is. */
export const FOCUSED = `(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    name: element.id || element.value || element.className,
    isMarked: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && box.right > 0 && box.bottom > 0,
    place: [...document.querySelectorAll('*')].indexOf(element),
  };
})()`;
