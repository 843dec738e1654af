/** What the operations about notices are given: rules and channels as they are set now. */
import type { NoticeChannel, NoticeRule } from '../model/notice.ts';

export interface NoticeDeps {
  readonly rules: () => readonly NoticeRule[];
  readonly channels: () => readonly {
    readonly name: string;
    readonly type: NoticeChannel['type'];
  }[];
  /** Sends a test message now; null when there is no such channel. */
  readonly test: (
    channel: string,
  ) => Promise<{ readonly error: string | null; readonly durationMs: number } | null>;
}
