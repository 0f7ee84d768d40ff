// Where the opening of a receipt or a note is sealed to.

/** Another place does not open it. @param log number of the log in this database */
export function openingPlace(log: number, position: number): string {
  return `opening/${log}/${position}`;
}
