/**
 * What is wanted of an app after a sequence of commands, worked out once more in the simplest way,
 * to be compared with what the supervisor makes of them. Knows nothing of the code it checks.
 */
import type { ScaleChange } from "../../src/core/scale.ts";

export type Command =
  | { readonly what: "scale"; readonly changes: readonly ScaleChange[] }
  | {
      readonly what: "restart";
      readonly names: readonly string[];
      /** The types in it then. */
      readonly procfile: readonly string[];
    }
  | { readonly what: "stop"; readonly names: readonly string[] };

/** Some type has no room for more. */
const most = 100;

export class WantedModel {
  formation: Map<string, number>;
  /** Scaled to 0 by somebody. */
  emptied = new Set<string>();
  #stopped = new Set<string>();

  constructor(quantities: Readonly<Record<string, number>>) {
    this.formation = new Map(Object.entries(quantities));
  }

  /** `a.1`, in the order of the Procfile. */
  instances(): readonly string[] {
    return [...this.formation].flatMap(([type, quantity]) =>
      Array.from({ length: quantity }, (_, index) => `${type}.${index + 1}`),
    );
  }

  isWanted(name: string): boolean {
    return this.instances().includes(name) && !this.#stopped.has(name);
  }

  /** Whether it is allowed; else nothing is changed. */
  apply(command: Command): boolean {
    switch (command.what) {
      case "scale":
        return this.#scale(command.changes);
      case "restart":
        return this.#restart(command.names, command.procfile);
      case "stop":
        return this.#stop(command.names);
    }
  }

  #scale(changes: readonly ScaleChange[]): boolean {
    const next = new Map(this.formation);
    for (const { type, how, amount } of changes) {
      const quantity = (how === "add" ? (this.formation.get(type) ?? 0) : 0) + amount;
      if (!this.formation.has(type) || quantity < 0 || quantity > most) return false;
      next.set(type, quantity);
    }
    if (new Set(changes.map(({ type }) => type)).size < changes.length) return false;
    this.formation = next;
    for (const { type } of changes) {
      this.emptied.delete(type);
      if (next.get(type) === 0) this.emptied.add(type);
    }
    this.#forget();
    return true;
  }

  #restart(names: readonly string[], procfile: readonly string[]): boolean {
    const meant = this.#find(names);
    if (meant === undefined) return false;
    if (names.length === 0) {
      const types = procfile.filter((type) => type !== "release");
      this.formation = new Map(types.map((type) => [type, this.formation.get(type) ?? 1]));
      this.emptied = new Set([...this.emptied].filter((type) => this.formation.has(type)));
      this.#stopped.clear();
      return true;
    }
    if (meant.some((name) => !procfile.includes(name.split(".")[0] ?? ""))) return false;
    for (const name of meant) this.#stopped.delete(name);
    return true;
  }

  #stop(names: readonly string[]): boolean {
    const meant = this.#find(names);
    for (const name of meant ?? []) this.#stopped.add(name);
    return meant !== undefined;
  }

  /** Undefined when one of them is nobody's. */
  #find(names: readonly string[]): readonly string[] | undefined {
    const all = this.instances();
    if (!names.every((name) => this.formation.has(name) || all.includes(name))) return undefined;
    return all.filter((name) => names.includes(name) || names.includes(name.split(".")[0] ?? ""));
  }

  #forget(): void {
    const all = this.instances();
    this.#stopped = new Set([...this.#stopped].filter((name) => all.includes(name)));
  }
}
