//! The bounded buffer between the source and Redis, and what it drops when it is full.

use std::collections::VecDeque;

use clap::ValueEnum;
use fastrand::Rng;

/// Which item goes when there is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DropPolicy {
    /// The one that has waited longest: subscribers get the latest prices.
    Oldest,
    /// The one that has just come: what was accepted is delivered.
    Newest,
    /// Any of those that wait and the new one, each as likely as the others. The order of the rest stays as it was, at
    /// the price of moving up to half of the buffer.
    Random,
}

/// A first-in, first-out buffer that never holds more than its capacity.
#[derive(Debug)]
pub(crate) struct BoundedQueue<T> {
    items: VecDeque<T>,
    capacity: usize,
    policy: DropPolicy,
}

impl<T> BoundedQueue<T> {
    pub(crate) const fn new(capacity: usize, policy: DropPolicy) -> Self {
        Self { items: VecDeque::new(), capacity, policy }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes the item, and gives back the one that had to go for it, which may be itself.
    pub(crate) fn push(&mut self, item: T, random: &mut Rng) -> Option<T> {
        let length = self.items.len();
        if length < self.capacity {
            self.items.push_back(item);
            return None;
        }
        let leaving = match self.policy {
            DropPolicy::Oldest => 0,
            DropPolicy::Newest => length,
            DropPolicy::Random => random.usize(0..=length),
        };
        match self.items.remove(leaving) {
            Some(dropped) => {
                self.items.push_back(item);
                Some(dropped)
            }
            None => Some(item),
        }
    }

    /// Up to `count` items, the longest waiting first.
    pub(crate) fn take(&mut self, count: usize) -> Vec<T> {
        self.items.drain(..count.min(self.items.len())).collect()
    }

    /// Puts items that were [taken](Self::take) back to the front, in their order. Whatever the policy is, those that
    /// find no room are the oldest of them, and are given back.
    pub(crate) fn put_back(&mut self, mut items: Vec<T>) -> Vec<T> {
        let room = self.capacity - self.items.len();
        let kept = items.split_off(items.len().saturating_sub(room));
        for item in kept.into_iter().rev() {
            self.items.push_front(item);
        }
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(policy: DropPolicy) -> BoundedQueue<u32> {
        let mut queue = BoundedQueue::new(3, policy);
        for item in 1..=3 {
            assert_eq!(queue.push(item, &mut Rng::with_seed(0)), None);
        }
        queue
    }

    #[test]
    fn the_oldest_goes() {
        let mut queue = full(DropPolicy::Oldest);
        assert_eq!(queue.push(4, &mut Rng::with_seed(0)), Some(1));
        assert_eq!(queue.take(9), [2, 3, 4]);
    }

    #[test]
    fn the_newest_goes() {
        let mut queue = full(DropPolicy::Newest);
        assert_eq!(queue.push(4, &mut Rng::with_seed(0)), Some(4));
        assert_eq!(queue.take(9), [1, 2, 3]);
    }

    #[test]
    fn each_is_as_likely_to_go_and_the_rest_keeps_its_order() {
        let mut random = Rng::with_seed(7);
        let mut gone = [0_u32; 5];
        for _ in 0..4_000 {
            let mut queue = full(DropPolicy::Random);
            let dropped = queue.push(4, &mut random).unwrap();
            gone[dropped as usize] += 1;
            let left: Vec<u32> = (1..=4).filter(|item| *item != dropped).collect();
            assert_eq!(queue.take(9), left);
        }
        assert_eq!(gone[0], 0);
        // The standard deviation of each is 27.
        assert!(gone[1..].iter().all(|count| (880..=1_120).contains(count)), "{gone:?}");
    }

    #[test]
    fn a_buffer_without_room_holds_nothing() {
        for policy in [DropPolicy::Oldest, DropPolicy::Newest, DropPolicy::Random] {
            let mut queue = BoundedQueue::new(0, policy);
            assert_eq!(queue.push(1, &mut Rng::with_seed(0)), Some(1), "{policy:?}");
            assert_eq!(queue.put_back(vec![2]), [2]);
            assert_eq!(queue.len(), 0);
        }
    }

    #[test]
    fn a_batch_is_the_front_and_no_more_than_there_is() {
        let mut queue = full(DropPolicy::Oldest);
        assert_eq!(queue.take(2), [1, 2]);
        assert_eq!(queue.take(2), [3]);
        assert_eq!(queue.take(2), [0; 0]);
    }

    #[test]
    fn what_is_put_back_comes_first_again() {
        let mut queue = full(DropPolicy::Oldest);
        let batch = queue.take(2);
        assert_eq!(queue.put_back(batch), [0; 0]);
        assert_eq!(queue.take(9), [1, 2, 3]);
    }

    #[test]
    fn the_oldest_of_what_is_put_back_finds_no_room() {
        for policy in [DropPolicy::Oldest, DropPolicy::Newest] {
            let mut queue = full(policy);
            let batch = queue.take(2);
            assert_eq!(queue.push(4, &mut Rng::with_seed(0)), None);
            assert_eq!(queue.put_back(batch), [1]);
            assert_eq!(queue.len(), queue.capacity());
            assert_eq!(queue.take(9), [2, 3, 4]);
        }
    }
}
