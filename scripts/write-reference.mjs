// Writes the tables of docs/procman-yml.md anew, after the settings have changed: npm run docs
import { readFileSync, writeFileSync } from "node:fs";
import { importSource } from "./import-source.mjs";

const page = new URL("../docs/procman-yml.md", import.meta.url);
const { renewTables } = await importSource("src/core/reference.ts");
writeFileSync(page, renewTables(readFileSync(page, "utf8")));
