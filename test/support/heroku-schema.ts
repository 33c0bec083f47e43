/**
 * What Heroku's schema of the Platform API v3 requires of a resource: every property that it has,
 * each of one of these types.
 */
type Kind = "string" | "integer" | "boolean" | "array" | "null" | "id" | "time" | Shape;

export interface Shape {
  readonly [property: string]: Kind | readonly Kind[];
}

const named: Shape = { id: "id", name: "string" };
const person: Shape = { id: "id", email: "string" };

export const account: Shape = {
  allow_tracking: "boolean",
  beta: "boolean",
  country_of_residence: ["string", "null"],
  created_at: "time",
  default_organization: ["null", named],
  default_team: ["null", named],
  delinquent_at: ["null", "time"],
  email: "string",
  federated: "boolean",
  id: "id",
  identity_provider: "null",
  last_login: ["null", "time"],
  name: ["null", "string"],
  sms_number: ["null", "string"],
  suspended_at: ["null", "time"],
  two_factor_authentication: "boolean",
  updated_at: "time",
  verified: "boolean",
};

export const app: Shape = {
  acm: "boolean",
  archived_at: ["null", "time"],
  build_stack: named,
  buildpack_provided_description: ["null", "string"],
  created_at: "time",
  generation: named,
  git_url: "string",
  id: "id",
  internal_routing: ["null", "boolean"],
  maintenance: "boolean",
  name: "string",
  organization: ["null", named],
  owner: person,
  region: named,
  released_at: ["null", "time"],
  repo_size: ["null", "integer"],
  slug_size: ["null", "integer"],
  space: ["null", named],
  stack: named,
  team: ["null", named],
  updated_at: "time",
  web_url: ["null", "string"],
};

export const dyno: Shape = {
  app: named,
  attach_url: ["null", "string"],
  command: "string",
  created_at: "time",
  id: "id",
  name: "string",
  release: { id: "id", version: "integer" },
  size: "string",
  state: "string",
  type: "string",
  updated_at: "time",
};

export const formation: Shape = {
  app: named,
  command: "string",
  created_at: "time",
  dyno_size: named,
  id: "id",
  quantity: "integer",
  size: "string",
  type: "string",
  updated_at: "time",
};

export const logSession: Shape = {
  created_at: "time",
  id: "id",
  logplex_url: "string",
  updated_at: "time",
};

export const release: Shape = {
  addon_plan_names: "array",
  app: named,
  artifacts: "array",
  created_at: "time",
  current: "boolean",
  description: "string",
  eligible_for_rollback: "boolean",
  id: "id",
  output_stream_url: ["null", "string"],
  slug: "null",
  status: "string",
  updated_at: "time",
  user: person,
  version: "integer",
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Where a value is not as it must be: `dyno.release.id`. */
export function findMisfits(value: unknown, shape: Shape, at: string): readonly string[] {
  return Object.entries(shape).flatMap(([property, kinds]) => {
    const found = (value as Readonly<Record<string, unknown>> | null)?.[property];
    const options: readonly Kind[] = Array.isArray(kinds) ? kinds : [kinds as Kind];
    const where = `${at}.${property}`;
    const misfits = options.map((kind) => findMisfit(found, kind, where));
    return misfits.find((each) => each.length === 0) ?? misfits.at(-1) ?? [];
  });
}

function findMisfit(value: unknown, kind: Kind, at: string): readonly string[] {
  if (typeof kind === "object") {
    return typeof value === "object" && value !== null ? findMisfits(value, kind, at) : [at];
  }
  return isOf(value, kind) ? [] : [at];
}

function isOf(value: unknown, kind: Exclude<Kind, Shape>): boolean {
  switch (kind) {
    case "string":
    case "boolean":
      return typeof value === kind;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "id":
      return typeof value === "string" && uuid.test(value);
    case "time":
      return typeof value === "string" && utc.test(value);
  }
}
