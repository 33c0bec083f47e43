/** What the API can do with process types and their quantities. */
import { explainUnknownType } from "../core/formation.ts";
import { readChange, type ScaleChange } from "../core/scale.ts";
import type { AppStatus } from "../supervisor/status.ts";
import { type Call, type Handler, isKnown, isObject, replyTo } from "./call.ts";
import type { ControlledApp } from "./controlled-app.ts";
import { failure, failureOf, type JsonReply, json, type Reply } from "./reply.ts";
import { formationOf } from "./resources.ts";

export function formation(status: AppStatus) {
  return status.types.map((type) => formationOf(status, type));
}

function findType({ app, names }: Call) {
  const types = formation(app.status());
  return types.find(({ type, id }) => type === names["type"] || id === names["type"]);
}

export function getType(call: Call): Reply {
  const type = findType(call);
  return type ? json(type) : noType(call);
}

export function noType({ app, names }: Call): JsonReply {
  const known = app.status().types.map(({ name }) => name);
  return failureOf("not_found", [explainUnknownType(names["type"] ?? "", known, "api")]);
}

export function scaleAll(call: Call): Reply {
  return scale(call, (types) => types);
}

export function scaleHere(call: Call): Reply {
  return scale(call, (types, number) => ({ command_number: number, formation: types }));
}

function scale(
  call: Call,
  bodyOf: (types: ReturnType<typeof formation>, number: number) => unknown,
): Reply {
  const { app, by, fields } = call;
  const { updates } = fields;
  if (!Array.isArray(updates)) {
    return failure("invalid_params", 'No "updates"; give [{"type": "web", "quantity": 2}]');
  }
  const changes = updates.map(readUpdate);
  const bad = changes.indexOf(undefined);
  if (bad !== -1) return badAmount(updates[bad]);
  return scaled(app, app.scale(changes.filter(isKnown), by), bodyOf);
}

export function scaleOne(call: Call): Reply {
  const { app, by, fields } = call;
  const found = findType(call);
  if (!found) return noType(call);
  const update = { ...fields, type: found.type };
  const change = readUpdate(update);
  if (!change) return badAmount(update);
  return scaled(app, app.scale([change], by), (types) =>
    types.find(({ type }) => type === found.type),
  );
}

function scaled(
  app: ControlledApp,
  outcome: ReturnType<ControlledApp["scale"]>,
  bodyOf: (types: ReturnType<typeof formation>, number: number) => unknown,
): Reply {
  return replyTo(outcome, (quantities, number) => {
    const types = formation(app.status()).map((type) => ({
      ...type,
      quantity: quantities.get(type.type) ?? type.quantity,
    }));
    return json(bodyOf(types, number));
  });
}

/** A size without a quantity changes nothing, but its type must be known all the same. */
function readUpdate(update: unknown): ScaleChange | undefined {
  if (!isObject(update)) return undefined;
  const { type, quantity } = update;
  if (typeof type !== "string") return undefined;
  return quantity === undefined ? { type, how: "add", amount: 0 } : readChange(type, quantity);
}

function badAmount(update: unknown): JsonReply {
  const { type, quantity } = isObject(update) ? update : {};
  if (typeof type !== "string") {
    return failure(
      "invalid_params",
      'An update has no "type"; give {"type": "web", "quantity": 2}',
    );
  }
  const given = JSON.stringify(quantity).slice(0, 40);
  const what = `${given} is no quantity of ${type.slice(0, 40)}`;
  return failure("invalid_params", `${what}; give a whole number from 0, or text such as "+1"`);
}

export function ofType(
  command: (call: Call, names: readonly string[]) => Reply | Promise<Reply>,
): Handler {
  return (call) => {
    const found = findType(call);
    return found ? command(call, [found.type]) : noType(call);
  };
}
