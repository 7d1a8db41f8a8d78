// DA, TM and DT (PS3.5 §6.2) read leniently: separators of old standards, ranges of queries of which
// the start counts, fractions of any length (D10). The text itself is kept by whoever holds it.

export interface DateValue {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31, a day that the month has. */
  readonly day: number;
}

export interface TimeValue {
  readonly hour: number;
  readonly minute: number;
  /** 0 to 60: leap seconds exist. */
  readonly second: number;
  /** Millionths of a second. */
  readonly microsecond: number;
}

export interface DateTimeValue extends DateValue, TimeValue {
  /** Minutes east of UTC; undefined when the value does not say. */
  readonly offsetMinutes: number | undefined;
}

const DATE = /^(\d{4})[-./]?(\d{2})[-./]?(\d{2})(?!\d)/;
const TIME = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?(?!\d)/;
const DATE_TIME =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d+))?)?)?)?)?)?([+-]\d{4})?/;

/** "20240131", "2024.01.31", "2024-01-31", "20240131-"; undefined when it is no date. */
export function parseDate(text: string): DateValue | undefined {
  const match = DATE.exec(text.trim());
  return match === null ? undefined : dateOf(match[1], match[2], match[3]);
}

/** "14", "1430", "143005.5", "14:30:05"; undefined when it is no time. */
export function parseTime(text: string): TimeValue | undefined {
  const match = TIME.exec(text.trim());
  return match === null ? undefined : timeOf(match[1], match[2], match[3], match[4]);
}

/** "20240131143005.5+0900" and its shorter forms; what is left out is the first of its kind. */
export function parseDateTime(text: string): DateTimeValue | undefined {
  const match = DATE_TIME.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month = "01", day = "01", hour = "00", minute, second, fraction, offset] = match;
  const date = dateOf(year, month, day);
  const time = timeOf(hour, minute, second, fraction);
  if (date === undefined || time === undefined) return undefined;
  return { ...date, ...time, offsetMinutes: offset === undefined ? undefined : minutesOf(offset) };
}

function dateOf(
  yearText: string | undefined,
  monthText: string | undefined,
  dayText: string | undefined,
): DateValue | undefined {
  const year = Number(yearText);
  const month = Number(monthText);
  const day = Number(dayText);
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
  return isDay ? { year, month, day } : undefined;
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function timeOf(
  hourText: string | undefined,
  minuteText = "00",
  secondText = "00",
  fraction = "0",
): TimeValue | undefined {
  const hour = Number(hourText);
  const minute = Number(minuteText);
  const second = Number(secondText);
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  return { hour, minute, second, microsecond: Number(fraction.slice(0, 6).padEnd(6, "0")) };
}

function minutesOf(offset: string): number {
  const sign = offset.startsWith("-") ? -1 : 1;
  return sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3, 5)));
}
