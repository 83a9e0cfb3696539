/** Why a frame was kept or vetoed. */
import { explainFrame, type FrameExplanation } from 'vetoc';
import { outcomeText } from 'vetoc/text';

/** Explains the frame `FILE#NUMBER` with the run in the folder `run`; pictures and maps go to `out`. */
export function explainOne(run: string, frame: string, out: string): Promise<FrameExplanation> {
  const request = { frame, class: 'decision', method: 'grad-cam', regions: 4, tries: 50, out } as const;
  return explainFrame(run, request, (event) => {
    if (event.event === 'end') console.error(`${event.stage}: ${outcomeText(event.outcome).summary}`);
  });
}
