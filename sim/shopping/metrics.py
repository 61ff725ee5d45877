"""What is measured of sales in shops, for those who note it: lists and orders, sales, and the day's step."""

from sim.ground.metrics import flow, ratio, stock

NEEDS = flow("shopping.needs", "needs", "needs for goods, those that posts aroused included", "neither")
ORDERS = flow("shopping.orders", "orders", "orders in the app, those settled off it included")
SHOWROOMED = flow(
    "shopping.showroomed", "orders", "orders, besides, at the open price of a shop looked at here", "less"
)
SHOWROOMED_SHARE = ratio("shopping.showroomed_share", "share", "needs met so", SHOWROOMED, NEEDS, "less")
OPEN_SALES = flow("shopping.open_sales", "cents", "sales at open prices to who looked here", "less")
OPEN_PRICE = ratio("shopping.open_price", "cents", "mean price paid there", OPEN_SALES, SHOWROOMED, "neither")
OUTSIDE = flow("shopping.outside", "needs", "needs met outside", "neither")
UNMET = flow("shopping.unmet", "needs", "needs not met", "less")
UNAFFORDABLE = flow("shopping.unaffordable", "needs", "needs whose best shop asked more than the person has", "less")
IN_APP_SHARE = ratio("shopping.in_app_share", "share", "needs met in the app", ORDERS, NEEDS)
GMV = flow("shopping.gmv", "cents", "sales in the app at the price asked")
MEAN_PRICE = ratio("shopping.mean_price", "cents", "mean price paid", GMV, ORDERS, "neither")
OFF_PLATFORM = flow("shopping.off_platform", "orders", "of these orders, settled off the platform", "less")
OFF_PLATFORM_SHARE = ratio(
    "shopping.off_platform_share", "share", "orders settled off the platform", OFF_PLATFORM, ORDERS, "less"
)
BY_WALLET = flow("shopping.by_wallet", "orders", "orders paid by wallet")
WALLET_PAID = flow("shopping.wallet_paid", "cents", "sales paid by wallet")
WALLET_SHARE = ratio("shopping.wallet_share", "share", "orders paid by wallet", BY_WALLET, ORDERS)
TAKEN = flow("shopping.taken", "cents", "commission, payment fees and promotion paid by merchants", "neither")
WORTH = flow("shopping.worth", "cents", "users' worth of shops above what is outside")
SELLER_GINI = stock("shopping.seller_gini", "share", "inequality of orders among shops", "neither")
TAKE_RATE = ratio("shopping.take_rate", "share", "commission and promotion over sales", TAKEN, GMV, "neither")

# of the assistant's answers, as shops see what came of them
ADVISED_ORDERS = flow("assistant.orders", "orders", "orders at the shop that was named")
WORTH_LOST_TO_ADVICE = flow(
    "assistant.lost_worth", "cents", "worth lost because answers, and the lists beside them, were paid for", "less"
)
