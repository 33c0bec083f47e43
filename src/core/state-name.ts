/** The states of an instance, by the names that people see. */
export type StateName =
  | "down"
  | "scheduled"
  | "waiting"
  | "starting"
  | "up"
  | "stopping"
  | "crashed"
  | "exited"
  | "parked";
