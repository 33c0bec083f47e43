/**
 * What a running app looks like in the shapes of Heroku's Platform API v3. What Heroku has no word
 * for stands beside Heroku's own fields, and what has no meaning here has Heroku's word for none.
 */
import { createHash } from "node:crypto";
import { describeExit, type ExitStatus } from "../core/exit-status.ts";
import { isWeb, webType } from "../core/type-name.ts";
import type { Usage } from "../core/usage.ts";
import type {
  AppStatus,
  InstanceStatus,
  ScheduleStatus,
  TypeStatus,
} from "../supervisor/status.ts";

/** Clients print it and send it back; it says nothing. */
const size = "local";

export function accountOf(status: AppStatus, user: string) {
  return {
    ...ownerOf(user),
    name: user,
    created_at: timeOf(status.startedMs),
    updated_at: timeOf(status.startedMs),
    allow_tracking: false,
    beta: false,
    country_of_residence: null,
    default_organization: null,
    default_team: null,
    delinquent_at: null,
    federated: false,
    identity_provider: null,
    last_login: null,
    sms_number: null,
    suspended_at: null,
    two_factor_authentication: false,
    verified: true,
  };
}

export function appOf(status: AppStatus, user: string) {
  const stack = { id: idOf("stack", size), name: size };
  return {
    ...appReferenceOf(status),
    acm: false,
    archived_at: null,
    build_stack: stack,
    buildpack_provided_description: null,
    created_at: timeOf(status.startedMs),
    // The log's clients tell Heroku's two kinds of apps apart by it.
    generation: { id: idOf("generation", "cedar"), name: "cedar" },
    git_url: "",
    internal_routing: null,
    maintenance: false,
    organization: null,
    owner: ownerOf(user),
    region: { id: idOf("region", size), name: size },
    released_at: timeOf(status.releasedMs),
    repo_size: null,
    slug_size: null,
    space: null,
    stack,
    team: null,
    updated_at: timeOf(status.releasedMs),
    web_url: webUrlOf(status),
    root: status.root,
    pid: status.pid,
  };
}

export function formationOf(status: AppStatus, type: TypeStatus) {
  return {
    app: appReferenceOf(status),
    command: type.command,
    created_at: timeOf(status.startedMs),
    dyno_size: { id: idOf("dyno-size", size), name: size },
    id: idOf("formation", status.root, type.name),
    quantity: type.quantity,
    size,
    type: type.name,
    updated_at: timeOf(type.changedMs),
  };
}

export function dynoOf(status: AppStatus, instance: InstanceStatus, usage?: Usage) {
  return {
    app: appReferenceOf(status),
    attach_url: null,
    command: instance.command,
    created_at: timeOf(instance.createdMs),
    id: idOf("dyno", status.root, instance.name),
    name: instance.name,
    release: releaseReferenceOf(status, instance.version),
    size,
    state: instance.state,
    type: instance.type,
    updated_at: timeOf(instance.changedMs),
    pid: instance.pid ?? null,
    port: instance.port ?? null,
    ordinal: instance.ordinal,
    restarts: instance.restarts,
    last_exit: instance.lastExit === undefined ? null : exitOf(instance.lastExit),
    restart_in_ms: instance.restartInMs ?? null,
    reason: reasonOf(instance) ?? null,
    is_rolling: instance.roll?.is === "rolling",
    ...(instance.schedule && scheduleOf(instance.schedule)),
    ...(usage && {
      cpu_percent: usage.cpuPercent,
      memory_bytes: usage.memoryBytes,
      ports: usage.ports,
    }),
  };
}

function reasonOf({ reason, roll }: InstanceStatus): string | undefined {
  if (roll === undefined) return reason;
  return roll.is === "rolling" ? "to be replaced" : `not replaced: ${roll.reason}`;
}

function scheduleOf({ nextMs, lastRun }: ScheduleStatus) {
  return {
    next_run_at: nextMs === undefined ? null : timeOf(nextMs),
    last_run: lastRun
      ? {
          started_at: timeOf(lastRun.startedMs),
          ended_at: timeOf(lastRun.endedMs),
          ...exitOf(lastRun.status),
        }
      : null,
  };
}

export function releaseOf(status: AppStatus, user: string) {
  return {
    ...releaseReferenceOf(status, status.version),
    addon_plan_names: [],
    app: appReferenceOf(status),
    artifacts: [],
    created_at: timeOf(status.releasedMs),
    current: true,
    description: status.version === 1 ? "Started" : "Reloaded",
    eligible_for_rollback: false,
    output_stream_url: null,
    slug: null,
    status: "succeeded",
    updated_at: timeOf(status.releasedMs),
    user: ownerOf(user),
  };
}

export function logSessionOf(key: string, url: string, createdMs: number) {
  return {
    created_at: timeOf(createdMs),
    // Whoever knows the key may read; whoever knows the id may not.
    id: idOf("log-session", key),
    logplex_url: url,
    updated_at: timeOf(createdMs),
  };
}

/** The same parts always give the same id, in the form of a UUID. */
function idOf(...parts: readonly string[]): string {
  const digits = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  // Version 8 of RFC 9562: made as whoever makes it likes.
  return digits.replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/,
    (_, ...[a, b, c, d, e]: string[]) => `${a}-${b}-8${c}-8${d}-${e}`,
  );
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function appReferenceOf({ root, name }: AppStatus) {
  return { id: idOf("app", root), name };
}

function releaseReferenceOf({ root, id }: AppStatus, version: number) {
  return { id: idOf("release", root, id, `${version}`), version };
}

function ownerOf(user: string) {
  return { email: `${user}@localhost`, id: idOf("account", user) };
}

function webUrlOf({ instances }: AppStatus): string | null {
  const web =
    instances.find(({ type }) => type === webType) ?? instances.find(({ type }) => isWeb(type));
  return web?.port === undefined ? null : `http://localhost:${web.port}/`;
}

export function exitOf(status: ExitStatus) {
  const text = describeExit(status);
  switch (status.kind) {
    case "exit":
      return { code: status.code, text };
    case "signal":
      return { signal: status.signal, text };
    case "unstarted":
    case "unhealthy":
      return { text };
  }
}
