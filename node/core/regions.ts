// Regions by GB/T 2260: six digits, …0000 a province, …00 a city.

/** Whether a granted region has another in it. */
export function covers(granted: string, region: string): boolean {
  if (granted.endsWith('0000')) return region.startsWith(granted.slice(0, 2));
  if (granted.endsWith('00')) return region.startsWith(granted.slice(0, 4));
  return granted === region;
}
