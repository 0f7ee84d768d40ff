// White lists at the bank's own gateway: everything is in its node.
import type { ReceivedEntry, ReceivedList } from '../../node/core/messages/white-list.ts';
import { DEFAULT_PAGE } from '../api/limits.ts';
import type { WhiteListEntry, WhiteListView } from '../api/lists.ts';
import { beijingTime } from '../beijing-time.ts';
import { HomeNode } from '../home-node.ts';
import type { NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

export function listRoutes({ nodeTimeoutMs: timeoutMs }: { nodeTimeoutMs: number }, { nodes }: { nodes: NodeCaller }) {
  return {
    async listWhiteLists({ caller, signal }) {
      const lists = await new HomeNode(caller.member, { timeoutMs }, nodes).whiteLists(signal);
      return { items: lists.map(listView) };
    },

    async listWhiteListEntries({
      caller,
      params: { list },
      query: { provider, limit = DEFAULT_PAGE, cursor },
      signal,
    }) {
      const request = { provider, list, limit, ...(cursor !== undefined && { after: cursor }) };
      const { entries, next } = await new HomeNode(caller.member, { timeoutMs }, nodes).listEntries(request, signal);
      return { items: entries.map(entryView), ...(next !== undefined && { next }) };
    },
  } satisfies Partial<Handlers>;
}

function listView({ updated, ...list }: ReceivedList): WhiteListView {
  return { ...list, updated: beijingTime(updated) };
}

function entryView({ time, ...entry }: ReceivedEntry): WhiteListEntry {
  return { ...entry, time: beijingTime(time) };
}
