// Compares what different sources show of one log: two checkpoints of which neither extends the other are a split view, and
// the two signed notes are all the proof that anyone needs.
import { equalBytes } from '../core/bytes.ts';
import type { LogSubject } from './log-subject.ts';
import { judge, type Finding } from './rule.ts';
import { viewRules } from './rules/views.ts';
import { servedRoot, type ShownNote } from './served-note.ts';

/** Checkpoints up to the last anchor are not compared here: the chain has told them from others. */
export async function compareViews({ anchors, place }: LogSubject, shown: readonly ShownNote[]): Promise<Finding[]> {
  const anchored = anchors.at(-1)?.size ?? 0;
  const ahead = shown.filter(({ checkpoint }) => checkpoint.size > anchored);
  const ordered = ahead.sort((a, b) => a.checkpoint.size - b.checkpoint.size);
  const findings: Finding[] = [];
  for (const [i, smaller] of ordered.entries()) {
    // Consistency carries over: each is compared with the next larger one.
    const larger = ordered[i + 1];
    if (!larger) break;
    const facts = {
      smaller: { ...smaller.checkpoint, source: smaller.files.source.name },
      larger: { ...larger.checkpoint, source: larger.files.source.name },
      consistent: await isExtension(smaller, larger),
    };
    findings.push(...judge(viewRules, facts, { ...place, notes: [smaller.text, larger.text] }));
  }
  return findings;
}

/** By the hashes that the source of the larger one serves: whoever signs a checkpoint has them. */
async function isExtension(smaller: ShownNote, larger: ShownNote): Promise<boolean> {
  const [older, newer] = [smaller.checkpoint, larger.checkpoint];
  if (older.size === newer.size) return equalBytes(older.root, newer.root);
  const olderRoot = await servedRoot(larger.files, undefined, older.size);
  const newerRoot = await servedRoot(larger.files, undefined, newer.size);
  return (
    olderRoot !== undefined &&
    newerRoot !== undefined &&
    equalBytes(olderRoot, older.root) &&
    equalBytes(newerRoot, newer.root)
  );
}
