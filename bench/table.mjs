// Markdown tables, and numbers in them.
import { namesIn, select } from "./samples.mjs";

/** All but the first column hold numbers, unless it is `text`. */
export function table(head, rows, { text = false } = {}) {
  const line = (cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `| --- |${(text ? " --- |" : " ---: |").repeat(head.length - 1)}`;
  return [line(head), rule, ...rows.map(line), ""].join("\n");
}

/** A dash for what was not measured. */
export function number(value, digits = 1) {
  if (value === undefined || Number.isNaN(value)) return "–";
  return value >= 1000 && digits < 2
    ? Math.round(value).toLocaleString("en-US")
    : value.toFixed(digits);
}

/** Bounds are set apart from what people use. */
export function title(sample) {
  return sample.isBound ? `*${sample.name}*` : sample.name;
}

/**
 * One row for each contestant, the least of the first column on top (or the most). A column is a head
 * and what stands below it, made of the contestant's samples: a number to sort by, or text.
 */
export function rank(samples, columns, { most = false } = {}) {
  const rows = namesIn(samples).map((name) => {
    const own = select(samples, { name });
    return { name: title(own[0]), cells: columns.map(({ value }) => value(own)) };
  });
  const key = ({ cells }) => (typeof cells[0] === "number" ? cells[0] * (most ? -1 : 1) : Infinity);
  // Infinity less Infinity is no number.
  rows.sort((a, b) => key(a) - key(b) || 0);
  return table(
    ["", ...columns.map(({ head }) => head)],
    rows.map(({ name, cells }) => [
      name,
      ...cells.map((cell, at) =>
        typeof cell === "string" ? cell : number(cell, columns[at].digits),
      ),
    ]),
  );
}
