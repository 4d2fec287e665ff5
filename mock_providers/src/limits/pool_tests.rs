//! Waiting under a paused clock, and under several threads.

use super::super::capacity::{Background, Capacity, OnHangup};
use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::task::JoinSet;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn pool(capacity: Capacity) -> Pool {
    Pool::new(capacity, Instant::now())
}

async fn enter(pool: &Pool) -> Place {
    match pool.enter().await {
        Entry::Admitted(place) => place,
        refused => panic!("{refused:?}"),
    }
}

async fn at(pool: &Pool, ms: u64) {
    tokio::time::sleep_until(pool.inner.start + Duration::from_millis(ms)).await;
}

/// Clients that arrive in this order at these instants and stay so long; who came in when, in that order.
async fn drill(pool: &Pool, clients: &[(u64, u64)]) -> Vec<(usize, u64)> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut all = JoinSet::new();
    for (i, (arrives, stays)) in clients.iter().copied().enumerate() {
        let (pool, log) = (pool.clone(), log.clone());
        all.spawn(async move {
            at(&pool, arrives).await;
            if let Entry::Admitted(place) = pool.enter().await {
                let now = pool.now();
                assert_eq!(place.waited(), now - ms(arrives), "client {i}");
                log.lock().unwrap().push((i, u64::try_from(now.as_millis()).unwrap()));
                tokio::time::sleep(ms(stays)).await;
            }
        });
    }
    while let Some(client) = all.join_next().await {
        client.unwrap();
    }
    assert_eq!((pool.gauges().in_flight, pool.gauges().queued, pool.lock().notices.len()), (0, 0, 0));
    Arc::try_unwrap(log).unwrap().into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_the_order_of_arrival() {
    let pool = pool(Capacity::new(2, 9));
    let order = drill(&pool, &[(0, 100), (0, 30), (1, 50), (2, 10), (2, 10), (3, 10)]).await;
    assert_eq!(order, [(0, 0), (1, 0), (2, 30), (3, 80), (4, 90), (5, 100)]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_sends_away_at_once() {
    let pool = pool(Capacity::new(1, 1));
    let order = drill(&pool, &[(0, 100), (1, 10), (2, 10), (101, 5)]).await;
    assert_eq!(order, [(0, 0), (1, 100), (3, 110)], "the third found the queue full");
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_leaves_the_queue_at_that_instant() {
    let pool = pool(Capacity { queue_wait: Some(ms(40)), ..Capacity::new(1, 9) });
    let _held = enter(&pool).await;
    assert!(matches!(pool.enter().await, Entry::WaitedTooLong));
    assert_eq!((pool.now(), pool.gauges().queued), (ms(40), 0));
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_in_the_queue_leaves_it() {
    let pool = pool(Capacity::new(1, 9));
    let held = enter(&pool).await;
    let mut first = Box::pin(pool.enter());
    let mut second = Box::pin(pool.enter());
    tokio::select! { biased; _ = &mut first => panic!("a place"), _ = &mut second => panic!("a place"), () = at(&pool, 5) => {} }
    assert_eq!(pool.gauges().queued, 2);
    drop(first);
    assert_eq!(pool.gauges().queued, 1);
    drop(held);
    assert!(matches!(second.await, Entry::Admitted(_)));
    assert_eq!(pool.gauges().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_granted_and_not_picked_up_goes_to_the_next() {
    let pool = pool(Capacity::new(1, 9));
    let held = enter(&pool).await;
    let mut first = Box::pin(pool.enter());
    let mut second = Box::pin(pool.enter());
    tokio::select! { biased; _ = &mut first => panic!("a place"), _ = &mut second => panic!("a place"), () = at(&pool, 5) => {} }
    drop(held);
    assert_eq!((pool.gauges().in_flight, pool.gauges().queued), (1, 1), "granted to the first");
    drop(first);
    assert!(matches!(second.await, Entry::Admitted(_)));
    assert_eq!((pool.gauges().in_flight, pool.lock().notices.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_frees_its_place_unless_the_work_is_finished_for_nobody() {
    for (on_hangup, in_flight, freed) in [(OnHangup::Free, 0, 10), (OnHangup::Finish, 1, 300)] {
        let pool = pool(Capacity { on_hangup, ..Capacity::new(1, 9) });
        let place = enter(&pool).await;
        at(&pool, 10).await;
        place.hung_up_until(ms(300));
        assert_eq!(pool.gauges().in_flight, in_flight, "{on_hangup:?}");
        let _next = enter(&pool).await;
        assert_eq!(pool.now(), ms(freed), "{on_hangup:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_wake_when_work_for_nobody_ends_even_if_it_began_after_them() {
    let pool = pool(Capacity { on_hangup: OnHangup::Finish, ..Capacity::new(2, 9) });
    let (one, two) = (enter(&pool).await, enter(&pool).await);
    let hang_up = async {
        at(&pool, 10).await;
        one.hung_up_until(ms(500));
        at(&pool, 20).await;
        two.hung_up_until(ms(300));
    };
    let (clients, ()) = tokio::join!(drill(&pool, &[(1, 1000), (2, 1000), (3, 1)]), hang_up);
    assert_eq!(clients, [(0, 300), (1, 500), (2, 1300)]);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_wake_when_other_customers_leave_or_are_made_to() {
    let others = Background::steps([(ms(0), 1.0), (ms(250), 0.5), (ms(600), 0.0)]);
    let pool = pool(Capacity { background: others, ..Capacity::new(2, 9) });
    let order = drill(&pool, &[(0, 1000), (1, 1000), (2, 1000)]).await;
    assert_eq!(order, [(0, 250), (1, 600), (2, 1250)]);

    let pool = Pool::new(Capacity { background: Background::always(1.0), ..Capacity::new(2, 9) }, Instant::now());
    let relief = async {
        at(&pool, 70).await;
        pool.set_background(Background::steps([(ms(90), 0.0)]));
        assert_eq!(pool.gauges().background, 0, "the new timetable says nothing before its first step");
    };
    let (order, ()) = tokio::join!(drill(&pool, &[(0, 10), (1, 10), (2, 10)]), relief);
    assert_eq!(order, [(0, 70), (1, 70), (2, 80)]);
}

#[tokio::test(start_paused = true)]
async fn the_next_of_the_queue_takes_over_the_watch_when_the_first_gives_up() {
    let others = Background::steps([(ms(0), 1.0), (ms(250), 0.0)]);
    let pool = pool(Capacity { background: others, ..Capacity::new(1, 9) });
    let gives_up = tokio::time::timeout(ms(50), pool.enter());
    let waits = async {
        let _place = enter(&pool).await;
        pool.now()
    };
    let (gave_up, came_in) = tokio::join!(gives_up, waits);
    assert!(gave_up.is_err());
    assert_eq!(came_in, ms(250));
}

#[tokio::test(start_paused = true)]
async fn two_runs_of_one_crowd_are_the_same() {
    let clients: Vec<(u64, u64)> = (0..400).map(|i| (i * 7 % 300, 5 + i * 13 % 40)).collect();
    let others = Background::steps((0..50).map(|i| (ms(i * 10), (i % 5) as f64 / 4.0)));
    let run = || async {
        let capacity = Capacity { background: others.clone(), queue_wait: Some(ms(200)), ..Capacity::new(8, 64) };
        drill(&pool(capacity), &clients).await
    };
    let first = run().await;
    assert_eq!(first, run().await);
    assert!(first.len() > 50, "{}", first.len());
}

/// Each thread has a runtime of its own, which is harder on the pool than workers of one.
#[test]
fn several_threads_never_share_a_place_and_lose_none() {
    let capacity = Capacity { on_hangup: OnHangup::Finish, queue_wait: Some(ms(300)), ..Capacity::new(4, 64) };
    let pool = pool(capacity);
    let (at_work, served) = (AtomicU32::new(0), AtomicU32::new(0));
    let client = async |i: u64| {
        tokio::time::sleep(ms(i % 20)).await;
        let entered = tokio::time::timeout(ms(1 + i % 90), pool.enter()).await;
        if let Ok(Entry::Admitted(place)) = entered {
            assert!(at_work.fetch_add(1, Ordering::SeqCst) < 4, "more at work than places");
            served.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(ms(i % 7)).await;
            at_work.fetch_sub(1, Ordering::SeqCst);
            if i.is_multiple_of(3) {
                place.hung_up_until(pool.now() + ms(5));
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let client = &client;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for i in 0..25 {
                        client(thread * 25 + i).await;
                    }
                });
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::sleep(ms(20)).await });
    assert_eq!((pool.gauges().in_flight, pool.gauges().queued, pool.lock().notices.len()), (0, 0, 0));
    assert!(served.load(Ordering::SeqCst) > 20);
}
