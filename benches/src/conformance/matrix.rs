//! Which cells there are.

use std::sync::Arc;

use super::Campaign;
use super::cell::Cell;
use super::chance::mix;
use super::demand::Demand;
use super::drops::Drops;
use super::network::Network;
use super::policy::Policy;
use super::server::Server;

/// All cells of one round of a campaign, in the order of the report.
///
/// Policies meet the same calls and the same network in the same cell.
pub(super) fn cells(campaign: &Campaign, round: u64) -> Vec<Cell> {
    let seed = mix(campaign.seed, round);
    let mut cells = Vec::new();
    for &policy in &campaign.policies {
        for server in servers(policy, campaign.long) {
            if !campaign.has_server(&server) {
                continue;
            }
            let server = Arc::new(server);
            for (place, &network) in Network::ALL.iter().enumerate() {
                if !campaign.has_network(&network) {
                    continue;
                }
                for (demand, drops) in troubles(network) {
                    let mut cell = Cell {
                        policy,
                        server: server.clone(),
                        network,
                        demand,
                        drops,
                        calls: campaign.calls,
                        seed: mix(seed, place as u64),
                    };
                    if cell.is_timed() {
                        cell.calls = campaign.timed_calls;
                    } else {
                        let name = format!("{} {demand:?} {drops:?}", server.name);
                        cell.seed = name.bytes().map(u64::from).fold(cell.seed, mix);
                    }
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// Servers that do something else about a breach make no difference to a limiter that commits none:
/// the others meet them in a long campaign only. Those that are late, or count for longer than a
/// window, are for limiters that are to know of them.
fn servers(policy: Policy, long: bool) -> Vec<Server> {
    match policy {
        Policy::Strict => [
            Server::blocking(),
            Server::otherwise(),
            Server::late(),
            Server::longer(),
        ]
        .concat(),
        Policy::NoLag => Server::late(),
        _ if long => [Server::blocking(), Server::otherwise()].concat(),
        _ => Server::blocking(),
    }
}

fn troubles(network: Network) -> impl Iterator<Item = (Demand, Drops)> {
    let all = Demand::ALL.into_iter();
    let all = all.flat_map(|demand| Drops::ALL.map(|drops| (demand, drops)));
    let directed = (Demand::Greedy, Drops::First40);
    all.chain(network.comes_in_waves().then_some(directed))
}
