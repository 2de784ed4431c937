//! One connection: what is asked over it, and what is known of the server at its other end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comfycontrol_rate_limit::{Member, Reading, Replaced, StoreTime};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Value, cmd};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::absence::Absences;
use crate::error::{RedisError, RedisErrorKind};
use crate::script::{self, Told};
use crate::server_info::ServerInfo;
use crate::target::Target;

/// How many nodes of a cluster are asked for the one that has the key.
const NODES: usize = 3;

/// For how long after the time was told swaps that win do not ask for it.
const TIME_KNOWN: Duration = Duration::from_millis(100);

/// One connection.
pub(crate) struct Connection {
    redis: MultiplexedConnection,
    driver: JoinHandle<()>,
    over: Arc<AtomicBool>,
    info: ServerInfo,
    since: Instant,
    script: String,
    /// When the time was told last.
    time_told: Option<Instant>,
    absences: Absences,
}

impl Connection {
    /// Connects to the server that has the key.
    ///
    /// `lost` is called when the connection ends by itself.
    pub(crate) async fn open(
        target: &Target,
        lost: impl FnOnce() + Clone + Send + 'static,
        now: fn() -> Instant,
    ) -> Result<Self, RedisError> {
        let mut address = target.address.clone();
        for _ in 0..NODES {
            let stream = target.stream(&address).await?;
            // Each call has a timeout of ours.
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(None)
                .set_response_timeout(None);
            let (redis, driver) =
                MultiplexedConnection::new_with_config(&address.login, stream, config)
                    .await
                    .map_err(RedisError::of)?;
            let (lost, over) = (lost.clone(), Arc::new(AtomicBool::new(false)));
            let ended = Arc::clone(&over);
            let driver = tokio::spawn(async move {
                driver.await;
                ended.store(true, Ordering::Release);
                lost();
            });
            let mut connection = Self {
                redis,
                driver,
                over,
                info: ServerInfo {
                    instance: 0,
                    certain: Duration::ZERO,
                    cluster: false,
                },
                since: now(),
                script: String::new(),
                time_told: None,
                absences: Absences::default(),
            };
            match connection.set_up(&target.key).await? {
                None => return Ok(connection),
                Some(node) => {
                    let moved = || RedisError::new(RedisErrorKind::Moved);
                    address = target.address.moved_to(&node).ok_or_else(moved)?;
                }
            }
        }
        Err(RedisError::new(RedisErrorKind::Moved))
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Asks which server is there, and loads the script. The node that has the key, if it is
    /// another.
    async fn set_up(&mut self, key: &str) -> Result<Option<String>, RedisError> {
        let info = self
            .ask(cmd("INFO").arg(&["server", "replication", "stats"]))
            .await?;
        let info: String = redis::from_redis_value(info)
            .map_err(|_| RedisError::new(RedisErrorKind::Malformed))?;
        self.info = ServerInfo::parse(&info)?;
        self.load().await?;
        if self.info.cluster {
            let read = self.call(key, &[]);
            if let Err(error) = read.query_async::<Value>(&mut self.redis).await {
                return match error.redirect_node() {
                    Some((node, _)) => Ok(Some(node.to_owned())),
                    None => Err(RedisError::of(error)),
                };
            }
        }
        Ok(None)
    }

    /// What is kept there.
    pub(crate) async fn read(&mut self, key: &str, now: Instant) -> Result<Reading, RedisError> {
        match self.run(key, &[], now).await? {
            Told::Kept(record, micros) => Ok(Reading::new(record, self.time(micros, now))),
            Told::Won(_) => Err(RedisError::new(RedisErrorKind::Malformed)),
        }
    }

    /// Keeps `value` in place of the record whose version is `seen`.
    pub(crate) async fn replace(
        &mut self,
        key: &str,
        [seen, value, keep]: [&[u8]; 3],
        now: Instant,
    ) -> Result<Replaced, RedisError> {
        let is_known = |told: Instant| now.duration_since(told) < TIME_KNOWN;
        let told = if self.time_told.is_some_and(is_known) {
            self.run(key, &[seen, value, keep], now).await?
        } else {
            self.run(key, &[seen, value, keep, b"TIME"], now).await?
        };
        Ok(match told {
            Told::Won(micros) => Replaced::Won(micros.map(|micros| self.time(micros, now))),
            Told::Kept(record, micros) => {
                Replaced::Lost(Reading::new(record, self.time(micros, now)))
            }
        })
    }

    /// Runs the script.
    async fn run(&mut self, key: &str, args: &[&[u8]], now: Instant) -> Result<Told, RedisError> {
        let call = self.call(key, args);
        let mut value = call.query_async(&mut self.redis).await;
        let unknown = redis::ErrorKind::Server(redis::ServerErrorKind::NoScript);
        if value
            .as_ref()
            .is_err_and(|error: &redis::RedisError| error.kind() == unknown)
        {
            // The scripts were flushed.
            self.load().await?;
            value = self.call(key, args).query_async(&mut self.redis).await;
        }
        let told = script::told(value.map_err(RedisError::of)?)?;
        if told.micros().is_some() {
            self.time_told = Some(now);
        }
        Ok(told)
    }

    fn call(&self, key: &str, args: &[&[u8]]) -> Cmd {
        let data: usize = args.iter().map(|arg| arg.len()).sum();
        let mut call = Cmd::with_capacity(4 + args.len(), 64 + key.len() + data);
        call.arg("EVALSHA").arg(&self.script).arg(1).arg(key);
        call.arg(args);
        call
    }

    async fn load(&mut self) -> Result<(), RedisError> {
        let script = self
            .ask(cmd("SCRIPT").arg("LOAD").arg(script::SCRIPT))
            .await?;
        self.script = redis::from_redis_value(script)
            .map_err(|_| RedisError::new(RedisErrorKind::Malformed))?;
        Ok(())
    }

    /// Subscribes to a channel, for as long as the connection lasts.
    pub(crate) async fn subscribe(&mut self, channel: String) -> Result<(), RedisError> {
        if self.info.cluster {
            self.ask(cmd("SSUBSCRIBE").arg(channel)).await?;
        } else {
            let subscribed = self.redis.subscribe(channel).await;
            subscribed.map_err(RedisError::of)?;
        }
        Ok(())
    }

    /// Which of the members have been absent for that long.
    pub(crate) async fn absent(
        &mut self,
        target: &Target,
        members: Vec<Member>,
        long: Duration,
        now: fn() -> Instant,
    ) -> Result<Vec<Member>, RedisError> {
        let channels: Vec<String> = members
            .iter()
            .map(|&member| target.channel(member))
            .collect();
        let asked = script::PRESENCE[usize::from(self.info.cluster)];
        let told = self.ask(cmd("PUBSUB").arg(asked).arg(&channels)).await?;
        let malformed = |_| RedisError::new(RedisErrorKind::Malformed);
        let told: Vec<(String, u64)> = redis::from_redis_value(told).map_err(malformed)?;
        let there: BTreeMap<String, u64> = told.into_iter().collect();
        let looks = members.into_iter().zip(channels);
        let looks = looks.map(|(member, channel)| (member, there.get(&channel) == Some(&0)));
        Ok(self.absences.look(looks, long, now()))
    }

    /// What time it is there.
    fn time(&self, micros: u64, now: Instant) -> StoreTime {
        let certain = self.info.certain + now.duration_since(self.since);
        StoreTime::new(micros, self.info.instance, certain)
    }

    async fn ask(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        let result = command.query_async(&mut self.redis).await;
        result.map_err(RedisError::of)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
