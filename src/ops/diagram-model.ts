/**
 * The diagram model of a definition or of a run, with the run's statuses laid over.
 */
import { buildDiagram } from '../diagram/build.ts';
import type { DiagramModel } from '../diagram/model.ts';
import type { StatusOverlay, StepOverlay } from '../diagram/overlay.ts';
import { planDependencies } from '../diagram/plan-edges.ts';
import type { Definition } from '../model/definition.ts';
import type { Plan } from '../model/plan.ts';
import type { RunState } from '../model/run-state.ts';
import { formatDuration } from '../model/time.ts';

interface Drawable {
  readonly plan: Plan;
  readonly pack: { readonly definition: Definition };
}

/** What stands over a drawing: the workflow's own title (`metadata.name`), else its name. */
export const titleOf = ({ plan }: Pick<Drawable, 'plan'>, name: string | null): string | null =>
  plan.title ?? name;

/** The workflow as it is written. */
export function modelOf(
  { plan, pack }: Drawable,
  title: string | null,
  statuses?: StatusOverlay,
): DiagramModel {
  return buildDiagram(pack.definition, {
    dependencies: planDependencies(plan),
    ...(title === null ? {} : { title }),
    ...(statuses === undefined ? {} : { statuses }),
  });
}

/** Status and elapsed time of every step that a run has looked at. */
export function overlayOf(state: RunState, nowMs: number): StatusOverlay {
  const overlay = new Map<string, StepOverlay>();
  for (const step of state.steps.values()) {
    const { startedAt, endedAt } = step;
    const elapsed = startedAt === null ? null : Math.max(0, (endedAt ?? nowMs) - startedAt);
    overlay.set(step.path, {
      status: step.status,
      ...(elapsed === null ? {} : { detail: formatDuration(elapsed) }),
    });
  }
  return overlay;
}
