/**
 * A scroll bar for more pixels than the browser has.
 *
 * Browsers lay out some 17 to 33 million pixels, counted on the screen: at a device pixel ratio of three a million lines
 * are too many. What fits is as high as it is. What does not is as high as can be; steps move as far as they are,
 * as if there were nothing between, and who drags the bar moves in proportion.
 */

const ALWAYS_FITS = 2_000_000; // pixels, at any zoom
const LONGEST_STEP = 5000; // pixels: a wheel turned fast moves less, the bar dragged by a pixel of its own more
const MARGIN = 0.9; // of the height that a browser has shown to be able to

export class VirtualScroll {
  /** @param {HTMLElement} scroller @param {HTMLElement} spacer */
  constructor(scroller, spacer) {
    this.scroller = scroller;
    this.spacer = spacer;
    /** How high all rows are together. */
    this.height = 0;
    /** What is left out above the spacer, in pixels. */
    this.shift = 0;
  }

  #spacerHeight = 0;
  #limit = Infinity;
  #place = 0;

  /** The pixels that are above what is in sight. */
  get top() {
    return this.scroller.scrollTop + this.shift;
  }

  set top(top) {
    const furthest = Math.max(0, this.height - this.scroller.clientHeight);
    const wanted = Math.max(0, Math.min(furthest, top));
    const place = this.#isWhole ? wanted : Math.round((wanted / furthest) * this.#furthestPlace);
    this.shift = Math.round(wanted - place);
    this.scroller.scrollTop = place;
    this.#place = this.scroller.scrollTop;
  }

  /** The bottom of what is in sight. */
  get bottom() {
    return this.top + this.scroller.clientHeight;
  }

  /** @param {number} height */
  resize(height) {
    if (height === this.height && this.#fits) return;
    const { top } = this;
    this.height = height;
    this.#lay();
    if (!this.#fits) {
      this.#limit = Math.max(ALWAYS_FITS, Math.floor(this.spacer.clientHeight * MARGIN));
      this.#lay();
    }
    if (!this.#isWhole || this.shift !== 0) this.top = top;
  }

  /** Somebody has scrolled. */
  scrolled() {
    const place = this.scroller.scrollTop;
    const way = Math.abs(place - this.#place);
    this.#place = place;
    if (this.#isWhole) return;
    const isJump = way > LONGEST_STEP;
    const isAtAnEnd = place <= 0 || place >= this.#furthestPlace;
    if (isJump) this.top = (place / this.#furthestPlace) * (this.height - this.scroller.clientHeight);
    else if (isAtAnEnd || this.top < 0 || this.bottom > this.height) this.top = this.top; // brings it back between the ends
  }

  get #isWhole() {
    return this.height <= this.#limit;
  }

  get #furthestPlace() {
    return Math.max(1, this.#spacerHeight - this.scroller.clientHeight);
  }

  get #fits() {
    return this.#spacerHeight <= ALWAYS_FITS || this.spacer.clientHeight >= this.#spacerHeight - 1;
  }

  #lay() {
    this.#spacerHeight = Math.min(this.height, this.#limit);
    this.spacer.style.setProperty("height", `${this.#spacerHeight}px`);
  }
}
