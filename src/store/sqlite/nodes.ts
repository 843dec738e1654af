/**
 * Which processes execute: one row for each start of one, with its lease. Written without waiting for
 * the disk: what is lost with the power belonged to a process that is gone as well.
 */
import type { KnownNode, NodeRow, NodeStore } from '../../model/store.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS } from './migrate.ts';

/** The nodes part of the store. */
export function createNodes(connection: Connection): NodeStore {
  return {
    register(node) {
      connection.write(() => put(connection, node), 'relaxed');
    },
    renew: (nodeId, leaseUntil) =>
      connection.write(() => {
        const sql = 'UPDATE nodes SET lease_until = ?, active_at_death = NULL WHERE node_id = ?';
        return connection.run(sql, leaseUntil, nodeId).changes > 0;
      }, 'relaxed'),
    nodes: () =>
      connection.all<KnownNode>(
        `SELECT node_id AS nodeId, role, pid, pid_started AS pidStarted, boot_id AS bootId, host,
           pid_namespace AS pidNamespace, mount_namespace AS mountNamespace, uid, version, lease_until AS leaseUntil,
           started_at AS startedAt, active_at_death AS activeAtDeath
         FROM nodes ORDER BY started_at, node_id`,
      ),
    noteDeaths(dead) {
      connection.write(() => {
        connection.run(
          `UPDATE nodes SET active_at_death = (
             SELECT count(*) FROM run_head h INDEXED BY head_owner
             WHERE h.owner = nodes.node_id AND h.status = 'active')
           WHERE node_id IN (SELECT value FROM json_each(?)) AND active_at_death IS NULL`,
          JSON.stringify(dead),
        );
      }, 'relaxed');
    },
    remove(nodeId) {
      const sql = 'DELETE FROM nodes WHERE node_id = ?';
      connection.write(() => connection.run(sql, nodeId), 'relaxed');
    },
  };
}

function put(connection: Connection, node: NodeRow): void {
  connection.run(
    `INSERT OR REPLACE INTO nodes (node_id, role, pid, pid_started, boot_id, host, pid_namespace,
       mount_namespace, uid, version, lease_until, started_at, schema)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    node.nodeId,
    node.role,
    node.pid,
    node.pidStarted,
    node.bootId,
    node.host,
    node.pidNamespace,
    node.mountNamespace,
    node.uid,
    node.version,
    node.leaseUntil,
    node.startedAt,
    MIGRATIONS.length,
  );
}
