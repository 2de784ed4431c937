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
        let servers = servers(policy, campaign.long);
        for server in servers.into_iter().filter(|server| campaign.meets(server)) {
            let server = Arc::new(server);
            for (place, &network) in Network::ALL.iter().enumerate() {
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

/// The harsher servers make no difference to who is never refused, so that the others need not
/// meet them every time; the late ones are only for who knows that they are.
fn servers(policy: Policy, long: bool) -> Vec<Server> {
    let mut servers = Server::blocking();
    if long || policy == Policy::AnyPhase {
        servers.extend(Server::otherwise());
    }
    if policy == Policy::AnyPhase {
        servers.extend(Server::late());
    }
    servers
}

fn troubles(network: Network) -> impl Iterator<Item = (Demand, Drops)> {
    let all = Demand::ALL.into_iter();
    let all = all.flat_map(|demand| Drops::ALL.map(|drops| (demand, drops)));
    let directed = (Demand::Greedy, Drops::First40);
    all.chain(network.is_all_up().then_some(directed))
}
