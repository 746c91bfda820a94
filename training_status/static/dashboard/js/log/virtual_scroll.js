/**
 * Virtual scrolling beyond the maximum element height of browsers.
 *
 * Browsers limit elements to about 17 to 33 million device pixels: at a device pixel ratio of three a million lines
 * do not fit. Content that fits has its real height. Other content has the maximum height: small scroll steps move by
 * their real distance, and dragging the scroll bar moves in proportion.
 */

const ALWAYS_FITS = 2_000_000; // pixels, at any zoom
const LONGEST_STEP = 5000; // pixels: more than a fast wheel turn, less than dragging the scroll bar by one pixel
const MARGIN = 0.9; // share of the maximum height measured in this browser

export class VirtualScroll {
  /** @param {HTMLElement} scroller @param {HTMLElement} spacer */
  constructor(scroller, spacer) {
    this.scroller = scroller;
    this.spacer = spacer;
    /** The total height of all rows, in pixels. */
    this.height = 0;
    /** The height omitted above the spacer, in pixels. */
    this.shift = 0;
  }

  #spacerHeight = 0;
  #limit = Infinity;
  #place = 0;

  /** The virtual scroll position, in pixels. */
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

  /** The bottom of the viewport, in pixels. */
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

  /** Handles a scroll by the user. */
  scrolled() {
    const place = this.scroller.scrollTop;
    const way = Math.abs(place - this.#place);
    this.#place = place;
    if (this.#isWhole) return;
    const isJump = way > LONGEST_STEP;
    const isAtAnEnd = place <= 0 || place >= this.#furthestPlace;
    if (isJump) this.top = (place / this.#furthestPlace) * (this.height - this.scroller.clientHeight);
    else if (isAtAnEnd || this.top < 0 || this.bottom > this.height) this.top = this.top; // clamps it
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
