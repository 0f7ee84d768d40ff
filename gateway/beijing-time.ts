const OFFSET_SECONDS = 8 * 3600;

/** RFC 3339 with the offset of China Standard Time, to the second: `2026-01-01T08:00:00+08:00`. */
export function beijingTime(seconds: number): string {
  return new Date((seconds + OFFSET_SECONDS) * 1000).toISOString().replace(/\.\d{3}Z$/, '+08:00');
}
