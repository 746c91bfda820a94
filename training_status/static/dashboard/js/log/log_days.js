/**
 * Which day a line is of. A line says its time alone; the first line of a day, and the first in sight, also say the day
 * unless all of it is today.
 */

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

/** @param {string | number | Date} moment the day in local time; the same number for the same day alone */
export function dayOf(moment) {
  const date = new Date(moment);
  return (date.getFullYear() * 12 + date.getMonth()) * 31 + date.getDate();
}

/**
 * What a row says of its day: "" nothing.
 *
 * @param {string} timestamp of its entry
 * @param {string | undefined} before the timestamp of the line above, if it is known
 * @param {boolean} isFirstInSight
 * @param {number} today from `dayOf`
 */
export function dayWords(timestamp, before, isFirstInSight, today) {
  const day = dayOf(timestamp);
  const begins = before !== undefined && dayOf(before) !== day;
  const standsAlone = before === undefined || isFirstInSight;
  return begins || (standsAlone && day !== today) ? DAY.format(new Date(timestamp)) : "";
}
