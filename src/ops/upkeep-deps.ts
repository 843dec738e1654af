/**
 * What the operations of upkeep need of the machine and of the settings; handed in by the composition
 * root.
 */
export interface Retention {
  /** How long completed runs are kept after their end, milliseconds; null: for ever. */
  readonly completedMs: number | null;
  /** The same for failed and cancelled ones. */
  readonly failedMs: number | null;
  /** Of each template this many of the newest ended runs stay, whatever their age. */
  readonly keepLast: number;
}

export interface UpkeepDeps {
  readonly retention: Retention;
}
