/** Which rules of time zones this process goes by, and what they are. */
import { AppError } from './model/error.ts';
import {
  bundledZones,
  systemZones,
  useZones,
  type ZoneSourceKind,
  zoneSource,
} from './zones/source.ts';

/** Chooses the rules of this process. @throws VALIDATION_ERROR when the system has none */
export function chooseZones(kind: ZoneSourceKind): void {
  const source = kind === 'bundled' ? bundledZones() : systemZones();
  if (source === null) {
    throw new AppError('VALIDATION_ERROR', 'time.zones: this system has no zone files', {
      hint: 'install them (the package is mostly called tzdata), or set time.zones to bundled',
    });
  }
  useZones(source);
}

export interface ZoneFacts {
  readonly source: ZoneSourceKind;
  /** The IANA release, such as 2026f. */
  readonly release: string;
}

/** Tells the rules of this process. */
export function zoneFacts(): ZoneFacts {
  const { kind, release } = zoneSource();
  return { source: kind, release };
}
