/**
 * Which known name somebody meant who wrote an unknown one. It answers only where a slip of the
 * fingers is plausible; what to say about it is the caller's business.
 */

// Longer words are not mistyped names, and the distance costs the product of both lengths.
const maxLength = 100;

/** The first of the nearest `candidates`, within an edit per three letters of `word`, at least one. */
export function findNearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > maxLength) return undefined;
  let nearest: string | undefined;
  let bound = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bound) continue;
    const distance = editDistance(word, candidate);
    if (distance >= bound) continue;
    nearest = candidate;
    bound = distance;
  }
  return nearest;
}

/** How many letters to insert, delete, replace or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const replaced = at(last, column - 1) + (isSame ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && isSwapped ? at(beforeLast, column - 2) + 1 : replaced;
      const inserted = at(current, column - 1) + 1;
      const deleted = at(last, column) + 1;
      current.push(Math.min(replaced, swapped, inserted, deleted));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
