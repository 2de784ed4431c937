use crate::mock::{Inner, Server, pair};

/// What a call does while the innermost service is not ready.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "tests match it without a wildcard")]
pub enum WhileBusy {
    /// It has left the layer under test, and is in a buffer inside.
    Buffers,
    /// It is shed.
    Sheds,
    /// It waits.
    Waits,
}

/// One of tower's own layers, outside or inside of the layer under test: a row of [`companions!`].
///
/// [`companions!`]: crate::companions!
#[derive(Debug)]
pub struct Companion<L, S> {
    stack: fn(L, Inner) -> S,
    while_busy: WhileBusy,
}

impl<L, S> Companion<L, S> {
    #[doc(hidden)]
    pub fn new(stack: fn(L, Inner) -> S, while_busy: WhileBusy) -> Self {
        Self { stack, while_busy }
    }

    /// What a call through the stack does while the service at the bottom is not ready.
    pub fn while_busy(&self) -> WhileBusy {
        self.while_busy
    }

    /// A stack of `layer`, this companion and a mock, and what sends the responses of the mock.
    pub fn stack(&self, layer: L) -> (S, Server) {
        let (inner, server) = pair();
        ((self.stack)(layer, inner), server)
    }
}

/// Runs the same checks with each of tower's own layers outside and inside of the layer under test,
/// with boxed and with typed errors: twenty rows.
///
/// * `layer` is the type of the layer, and `error` that of its own error.
/// * `room` is how many calls a buffer and a concurrency limit let in.
/// * `load_shed_outside` says what a call does while the innermost service is not ready and load is
///   shed outside of the layer: a variant of [`WhileBusy`]. It is the one thing that depends on the
///   layer: `Sheds` where its `poll_ready` is the inner service's, `Waits` where it is always
///   ready.
/// * `checks` names the tests of each row, and for each an `async fn` that takes a [`Companion`].
///
/// ```
/// use comfycontrol_test::{Companion, Stack, arrived, call, companions, poll, response};
/// use tokio_test::{assert_pending, assert_ready_ok};
/// use tower::layer::util::Identity;
///
/// companions! {
///     layer: Identity,
///     error: std::io::Error,
///     room: 2,
///     load_shed_outside: Sheds,
///     checks: {
///         a_response_passes: goes_through;
///     },
/// }
///
/// async fn goes_through<S: Stack>(companion: Companion<Identity, S>) {
///     let (stack, mut server) = companion.stack(Identity::new());
///     let mut call = call(&stack);
///     assert_pending!(poll(&mut call).await);
///     arrived(&mut server).send_response(response(200, "fine"));
///     assert_eq!(assert_ready_ok!(poll(&mut call).await).body(), "fine");
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! companions {
    (
        layer: $layer:ty,
        error: $error:ty,
        room: $room:literal,
        load_shed_outside: $shed:ident,
        checks: $checks:tt $(,)?
    ) => {
        $crate::companion! { buffer_outside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| BufferLayer::new($room).layer(layer.layer(inner)) }
        $crate::companion! { buffer_outside_typed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| BufferLayer::new($room).layer(layer.layer(typed::<_, _, $error>(inner))) }
        $crate::companion! { buffer_inside_boxed, $crate::BoxError, Buffers, $layer, $checks,
            |layer, inner| layer.layer(BufferLayer::new($room).layer(inner)) }
        $crate::companion! { buffer_inside_typed, $crate::Failed<$error>, Buffers, $layer, $checks,
            |layer, inner| layer.layer(typed(BufferLayer::new($room).layer(inner))) }

        $crate::companion! { concurrency_limit_outside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| ConcurrencyLimitLayer::new($room).layer(layer.layer(inner)) }
        $crate::companion! { concurrency_limit_outside_typed, $crate::Failed<$error>, Waits, $layer, $checks,
            |layer, inner| ConcurrencyLimitLayer::new($room).layer(layer.layer(typed(inner))) }
        $crate::companion! { concurrency_limit_inside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| layer.layer(ConcurrencyLimitLayer::new($room).layer(inner)) }
        $crate::companion! { concurrency_limit_inside_typed, $crate::Failed<$error>, Waits, $layer, $checks,
            |layer, inner| layer.layer(ConcurrencyLimitLayer::new($room).layer(typed(inner))) }

        $crate::companion! { load_shed_outside_boxed, $crate::BoxError, $shed, $layer, $checks,
            |layer, inner| LoadShedLayer::new().layer(layer.layer(inner)) }
        $crate::companion! { load_shed_outside_typed, $crate::BoxError, $shed, $layer, $checks,
            |layer, inner| LoadShedLayer::new().layer(layer.layer(typed::<_, _, $error>(inner))) }
        $crate::companion! { load_shed_inside_boxed, $crate::BoxError, Sheds, $layer, $checks,
            |layer, inner| layer.layer(LoadShedLayer::new().layer(inner)) }
        $crate::companion! { load_shed_inside_typed, $crate::Failed<$error>, Sheds, $layer, $checks,
            |layer, inner| layer.layer(typed(LoadShedLayer::new().layer(inner))) }

        $crate::companion! { timeout_outside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| TimeoutLayer::new(60 * SECOND).layer(layer.layer(inner)) }
        $crate::companion! { timeout_outside_typed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| TimeoutLayer::new(60 * SECOND).layer(layer.layer(typed::<_, _, $error>(inner))) }
        $crate::companion! { timeout_inside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| layer.layer(TimeoutLayer::new(SECOND).layer(inner)) }
        $crate::companion! { timeout_inside_typed, $crate::Failed<$error>, Waits, $layer, $checks,
            |layer, inner| layer.layer(typed(TimeoutLayer::new(SECOND).layer(inner))) }

        $crate::companion! { trace_outside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| tracer().layer(layer.layer(inner)) }
        $crate::companion! { trace_outside_typed, $crate::Failed<$error>, Waits, $layer, $checks,
            |layer, inner| tracer().layer(layer.layer(typed(inner))) }
        $crate::companion! { trace_inside_boxed, $crate::BoxError, Waits, $layer, $checks,
            |layer, inner| layer.layer(tracer().layer(inner)) }
        $crate::companion! { trace_inside_typed, $crate::Failed<$error>, Waits, $layer, $checks,
            |layer, inner| layer.layer(tracer().layer(typed(inner))) }
    };
}

/// One row of [`companions!`].
///
/// [`companions!`]: crate::companions!
#[doc(hidden)]
#[macro_export]
macro_rules! companion {
    (
        $name:ident, $error:ty, $busy:ident, $layer:ty, { $($test:ident: $check:ident;)* },
        |$over:ident, $inner:ident| $stack:expr
    ) => {
        mod $name {
            use super::*;

            fn stack($over: $layer, $inner: $crate::Inner) -> impl $crate::Stack<Error = $error> {
                #[allow(unused_imports, reason = "a row uses some of them")]
                use $crate::layers::*;

                $stack
            }

            $(
                #[tokio::test(start_paused = true)]
                async fn $test() {
                    $check($crate::Companion::new(stack, $crate::WhileBusy::$busy)).await;
                }
            )*
        }
    };
}

/// What the rows are made of.
#[doc(hidden)]
pub mod layers {
    pub use crate::{SECOND, tracer, typed};
    pub use tower::Layer;
    pub use tower::buffer::BufferLayer;
    pub use tower::limit::ConcurrencyLimitLayer;
    pub use tower::load_shed::LoadShedLayer;
    pub use tower::timeout::TimeoutLayer;
}
